"""One history held to the rules that commands meet, and cut into what can travel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import orjson

from fairlead.versions import version_of
from service.cli.history_chunks import Chunk, Entry, chunks
from service.cli.history_file import Row, RowFault, read_event
from service.commands.history import Refused, check_rules
from service.commands.identity import imported_event_id
from service.domain import Aggregate

Tell = Callable[[RowFault], None]

# Without a zone it is written in a third of the time.
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # in UTC


def judged(aggregate: Aggregate, entity_id: str, rows: Iterable[Row], end: int, tell: Tell) -> Iterator[Chunk]:
    """The chunks of an entity's history; `tell` hears what is wrong with rows.

    `end` is the place of the first row that cannot be read: every fault behind it might follow from that.
    """
    return chunks(aggregate, entity_id, _lawful(aggregate, entity_id, rows, end, tell))


def _lawful(aggregate: Aggregate, entity_id: str, rows: Iterable[Row], end: int, tell: Tell) -> Iterator[Entry]:
    """The events that follow the rules, each judged as if those that broke one before had not been."""
    state, version = aggregate.initial, 0
    for place, row in enumerate(rows, 1):
        data = orjson.loads(row.data)
        try:
            event = read_event(aggregate, row, data)
        except ValueError as fault:
            tell(RowFault(row.place, None, str(fault)))
            end = 0
            continue
        if row.place >= end:
            continue
        try:
            state = check_rules(aggregate, entity_id, state, version, [event])
        except Refused as refusal:
            message = f"{refusal.message.partition(': ')[2]} ({aggregate.name} {entity_id})"
            tell(RowFault(row.place, None, message))
            end = end if version else 0
            continue
        version += 1
        moment = f"{(_EPOCH + timedelta(microseconds=row.time)).isoformat()}Z"
        id_ = row.event_id or imported_event_id(entity_id, place)
        if type(event).upcasters:
            yield Entry(id_, moment, row.type, event.model_dump(mode="json"), version_of(type(event)))
        else:
            yield Entry(id_, moment, row.type, data)
