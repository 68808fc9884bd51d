"""A whole file is judged by the rules that commands meet before a single event of it is sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Any

from service.cli.history_file import Row, RowFault
from service.cli.history_judges import History, Judged, Judges
from service.cli.history_rules import judged
from service.cli.history_spool import Spool
from service.domain import Aggregate

_NOWHERE = 2**62
# So many rows are judged in one step, some 40 ms.
_STEP = 2_000
# Fewer are judged before another process has begun.
_FEW = 40_000


def spool_rows(spool: Spool, rows: Iterable[Row | RowFault]) -> None:
    """Keep what is read of a file, and what is wrong with single rows."""

    def sound() -> Iterator[tuple[Any, ...]]:
        for row in rows:
            if isinstance(row, Row):
                # SQLite's driver takes half a microsecond longer for each that is no plain one.
                yield tuple(row)
            else:
                spool.add_fault(row)

    spool.add_rows(sound())
    spool.find_repeated()


def check_histories(aggregate: Aggregate, spool: Spool, told: Callable[[int], object]) -> None:
    """Fold what was spooled, and keep the chunks in which it can travel, and all that is wrong with it.

    `told` hears of how many events more were judged.
    """

    def keep(found: Judged) -> None:
        chunks, faults = found
        for fault in faults:
            spool.add_fault(fault)
        spool.add_chunks(chunks)
        told(sum(chunk.events for chunk in chunks))

    cores, together, size = os.cpu_count() or 1, list[History](), 0
    any_unreadable = spool.any_unreadable()
    events = spool.events()
    with Judges(aggregate, min(cores, events // _STEP) if cores > 1 and events >= _FEW else 0, keep) as judges:
        judges.begin()  # while this one sorts
        for entity_id, rows in groupby(spool.ordered(), key=itemgetter(0)):
            end = (spool.unreadable(entity_id) if any_unreadable else None) or _NOWHERE
            first = list(islice(rows, _STEP))
            if len(first) == _STEP:
                # However long it is, it is judged as it comes.
                for chunk in judged(aggregate, entity_id, map(Row._make, chain(first, rows)), end, spool.add_fault):
                    keep(([chunk], ()))
                continue
            together.append((entity_id, end, first))
            size += len(first)
            if size >= _STEP:
                judges.take(together)
                together, size = [], 0
        if together:
            judges.take(together)
