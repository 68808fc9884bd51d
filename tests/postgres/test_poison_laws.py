"""Any history with any poison in it, in PostgreSQL: the law of `tests/flow/test_poison_laws.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings

from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.projector import BuildTables
from service.postgres.redriving import Redriven, Redriving
from service.postgres.schema import prepare_projections
from service.projections.projection import Projection
from service.projections.taking import Taking
from tests.event_records import Record
from tests.flow.poison_laws import (
    PORTS,
    SHIP_EVENTS,
    TOPIC,
    Poison,
    Rows,
    Step,
    histories,
    obeys,
    poisons,
    steps,
)
from tests.flow.poison_memory import COLUMNS, straight


class Database:
    """A `World`."""

    def __init__(self, pool: Pool, names: Names) -> None:
        self._pool = pool
        self._names = names
        self._schema = names.tables(PORTS.build())

    async def empty(self) -> None:
        """As if nothing had been."""
        tables = ", ".join(f"{self._schema}.{one}" for one in (*COLUMNS, "progress", "parked", "waiting"))
        await self._pool.execute(f"TRUNCATE {tables}")

    def taking(self, projection: Projection) -> Taking:
        """One who takes messages by this code."""
        return Taking(projection, SHIP_EVENTS, BuildTables(self._pool, self._names, PORTS.build()), TOPIC, 0)

    async def redrive(self, projection: Projection, only: str | None) -> None:
        """As the command does."""
        redriving = Redriving(self._pool, self._names, projection, PORTS.build(), {TOPIC: SHIP_EVENTS})
        await redriving.run(only, Redriven(), lambda: None)

    async def rows(self) -> Rows:
        """All of them."""
        return {table: await self._rows(table, columns) for table, columns in COLUMNS.items()}

    async def _rows(self, table: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        query = f"SELECT {', '.join(columns)} FROM {self._schema}.{table} ORDER BY {', '.join(columns)}"  # noqa: S608
        return [tuple(row) for row in await self._pool.fetch(query)]

    async def waiting(self) -> set[int]:
        """Their offsets."""
        return {row[0] for row in await self._pool.fetch(f'SELECT "offset" FROM {self._schema}.waiting')}  # noqa: S608

    async def parked(self) -> set[str]:
        """Their entities."""
        return {row[0] for row in await self._pool.fetch(f"SELECT entity_id FROM {self._schema}.parked")}  # noqa: S608


async def test_once_mended_and_redriven_the_rows_are_those_of_a_history_without_poison(
    pool: Pool, names: Names
) -> None:
    await prepare_projections(pool, names, [PORTS])
    database, loop = Database(pool, names), asyncio.get_running_loop()

    @settings(max_examples=60, deadline=None)
    @given(histories(), poisons(), steps())
    def law(history: Sequence[Record], poison: Poison, plan: Sequence[Step]) -> None:
        async def one() -> None:
            await database.empty()
            await obeys(database, straight, history, poison, plan)

        asyncio.run_coroutine_threadsafe(one(), loop).result()

    await asyncio.to_thread(law)
