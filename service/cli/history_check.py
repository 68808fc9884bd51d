"""A whole file is judged by the rules that commands meet before a single event of it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

import orjson

from fairlead.versions import version_of
from service.cli.history_chunks import Entry, chunks
from service.cli.history_file import Row, RowFault, read_event
from service.cli.history_spool import Spool
from service.commands.history import Refused, check_rules
from service.commands.identity import imported_event_id
from service.domain import Aggregate

_NOWHERE = 2**62
# Without a zone it is written in a third of the time.
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # in UTC


def spool_rows(spool: Spool, rows: Iterable[Row | RowFault]) -> None:
    """Keep what is read of a file, and what is wrong with single rows."""

    def sound() -> Iterator[Row]:
        for row in rows:
            if isinstance(row, Row):
                yield row
            else:
                spool.add_fault(row.place, row.entity_id, row.message)

    spool.add_rows(sound())
    spool.find_repeated()


def check_histories(aggregate: Aggregate, spool: Spool, told: Callable[[int], object]) -> None:
    """Fold what was spooled, and keep the chunks in which it can travel, and all that is wrong with it.

    `told` hears of how many events more were judged.
    """
    for entity_id, rows in groupby(spool.ordered(), key=itemgetter(0)):
        for chunk in chunks(aggregate, entity_id, _judged(aggregate, spool, entity_id, rows)):
            spool.add_chunk(chunk)
            told(chunk.events)


def _judged(aggregate: Aggregate, spool: Spool, entity_id: str, rows: Iterable[Row]) -> Iterator[Entry]:
    """The events that follow the rules, each judged as if those that broke one before had not been.

    Up to the first that cannot be read: every later fault might follow from that.
    """
    state, version = aggregate.initial, 0
    end = spool.unreadable(entity_id) or _NOWHERE
    for place, row in enumerate(rows, 1):
        data = orjson.loads(row.data)
        try:
            event = read_event(aggregate, row, data)
        except ValueError as fault:
            spool.add_fault(row.place, None, str(fault))
            end = 0
            continue
        if row.place >= end:
            continue
        try:
            state = check_rules(aggregate, entity_id, state, version, [event])
        except Refused as refusal:
            spool.add_fault(row.place, None, f"{refusal.message.partition(': ')[2]} ({aggregate.name} {entity_id})")
            end = end if version else 0
            continue
        version += 1
        moment = f"{(_EPOCH + timedelta(microseconds=row.time)).isoformat()}Z"
        id_ = row.event_id or imported_event_id(entity_id, place)
        if type(event).upcasters:
            yield Entry(id_, moment, row.type, event.model_dump(mode="json"), version_of(type(event)))
        else:
            yield Entry(id_, moment, row.type, data)
