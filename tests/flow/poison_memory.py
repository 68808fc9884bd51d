"""A build whose rows are dictionaries, for the law of poison."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from service.projections.batch import Batch, Parked, RowsRefused, entity_of, project_batch
from service.projections.folding import Write
from service.projections.projection import Projection
from service.projections.store import OffsetMoved, Standing
from service.projections.stored import Record
from service.projections.taking import Taking
from tests.flow.poison_laws import SHIP_EVENTS, TOPIC, Rows, writes_of
from tests.flow.projected import apply_write

COLUMNS = {
    "ports": ("port", "visits", "loaded", "unloaded"),
    "berths": ("ship_id", "port"),
    "throughput": ("port", "day", "item", "loaded", "unloaded"),
}

Tables = dict[str, dict[tuple[Any, ...], dict[str, Any]]]


def shown(tables: Tables) -> Rows:
    """Rows as a database shows them."""
    return {
        table: [tuple(rows[key].get(column, 0) for column in COLUMNS[table]) for key in sorted(rows)]
        for table, rows in tables.items()
    }


def straight(records: Sequence[Any]) -> Rows:
    """The rows that these lead to."""
    tables: Tables = {table: {} for table in COLUMNS}
    _write(tables, writes_of(records))
    return shown(tables)


def _write(tables: Tables, writes: Sequence[Write]) -> None:
    for write in writes:
        if any("\x00" in value for row in write.rows for value in row if isinstance(value, str)):
            raise RowsRefused("U+0000")
        apply_write(tables[write.table], write)


class MemoryStore:
    """A `Store`, and a `World`: all of a batch is written, or nothing."""

    def __init__(self) -> None:
        self._tables: Tables = {table: {} for table in COLUMNS}
        self._standing: Standing | None = None
        self._waiting: list[Record] = []

    def taking(self, projection: Projection) -> Taking:
        """One who takes messages by this code."""
        return Taking(projection, SHIP_EVENTS, self, TOPIC, 0)

    async def standing(self, _topic: str, _partition: int, beginning: int) -> Standing:
        """Where it stands."""
        self._standing = self._standing or Standing(beginning)
        return self._standing

    async def apply(self, _topic: str, _partition: int, since: Standing, reached: int, batch: Batch) -> Standing:
        """As the protocol says."""
        before = self._standing or Standing(0)
        if (since.next_offset, since.turn) != (before.next_offset, before.turn):
            raise OffsetMoved
        tables = deepcopy(self._tables)
        _write(tables, batch.writes)
        self._tables = tables
        self._waiting += batch.waiting
        self._standing = Standing(reached, before.turn, before.parked | batch.parked.keys())
        return self._standing

    async def redrive(self, projection: Projection, only: str | None) -> None:
        """One message after the other."""
        failed: dict[str, Parked] = {}
        left = []
        for record in self._waiting:
            name = entity_of(record)
            if name in failed or only not in (None, name):
                left.append(record)
                continue
            tables = deepcopy(self._tables)
            try:
                batch = project_batch(projection, SHIP_EVENTS, [record])
                _write(tables, batch.writes)
            except RowsRefused as refused:
                batch = Batch((), {name: Parked(record.offset, str(refused))}, (record,))
            else:
                self._tables = tables
            failed |= batch.parked
            left += batch.waiting
        self._waiting = left
        before = self._standing or Standing(0)
        parked = frozenset(map(entity_of, left))
        self._standing = Standing(before.next_offset, before.turn + (parked != before.parked), parked)

    async def rows(self) -> Rows:
        """All of them."""
        return shown(self._tables)

    async def waiting(self) -> set[int]:
        """Their offsets."""
        return {record.offset for record in self._waiting}

    async def parked(self) -> set[str]:
        """Their entities."""
        return set(self._standing.parked) if self._standing else set()
