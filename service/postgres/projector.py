"""The rows of one build, and where it stands beside them: both move in one transaction or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg

from service.postgres.beginning import begin
from service.postgres.frozen import FROZEN_MS, end_frozen
from service.postgres.names import Names
from service.postgres.parking import park
from service.postgres.pool import Connection, Pool, reading_faults
from service.postgres.writing import FEW_ROWS, ColumnTypes, column_types, guarded, write_rows
from service.projections.batch import Batch, RowsRefused, because
from service.projections.build import Build
from service.projections.store import OffsetMoved, Standing

# Values that have no form in their column's type, that a constraint forbids, that no index takes, or that make two of
# a statement's rows the same. COPY says of values in Python's own words what a statement calls a DataError.
_REFUSALS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.CardinalityViolationError,
    asyncpg.exceptions.ProgramLimitExceededError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)

_Moving = tuple[Any, ...]  # the statement, topic and partition, and what else it takes


class BuildTables:
    """A `Store` in PostgreSQL, for a build whose schema has been prepared."""

    def __init__(self, pool: Pool, names: Names, build: Build) -> None:
        self._pool = pool
        self._names = names
        self._build = build
        self._schema = f"{names.prefix}{build.schema}"
        schema = names.tables(build)
        progress = f"{schema}.progress"
        self._types: ColumnTypes | None = None
        self._beginning = asyncio.Lock()
        self._read = f"""
            SELECT next_offset, turn, ARRAY(SELECT entity_id FROM {schema}.parked WHERE topic = $1 AND partition = $2)
            FROM {progress} WHERE topic = $1 AND partition = $2
        """  # noqa: S608  # the schema is our own
        # First in the transaction: the row lock makes a rival wait before it writes, and then find the offset moved.
        # Settings hold until the end of this transaction. A server that crashes may lose the latest batches, rows and
        # offset together, and they are read again from the log. A projector that is frozen here loses its connection,
        # and with it the lock, or nobody else could go on.
        self._move = f"""
            UPDATE {progress} SET next_offset = $5
            WHERE topic = $1 AND partition = $2 AND next_offset = $3 AND turn = $4
            RETURNING set_config('synchronous_commit', 'off', true), pg_notify($6, $7),
                set_config('idle_in_transaction_session_timeout', '{FROZEN_MS}', true)
        """  # noqa: S608  # as above

    async def standing(self, topic: str, partition: int, beginning: int) -> Standing:
        """Where a partition stands, kept as `beginning` where it was never read.

        Raises StoreUnavailable, and RowsRefused where it cannot take over what is known of messages before that.
        """
        with reading_faults():
            # Looked for first: to insert it would wait for whoever moves it.
            if (found := await self._pool.fetchrow(self._read, topic, partition)) is None:
                # One after the other: what is taken over may be much, and others need connections meanwhile.
                async with self._beginning, self._pool.acquire() as connection:
                    while (found := await connection.fetchrow(self._read, topic, partition)) is None:
                        await begin(connection, self._names, self._build, (topic, partition), beginning)
        next_offset, turn, parked = found
        return Standing(next_offset, turn, frozenset(parked))

    async def apply(self, topic: str, partition: int, since: Standing, reached: int, batch: Batch) -> Standing:
        """Write and park all and move the next offset to `reached`, or do neither; where it stands then.

        Raises OffsetMoved where it no longer stands at `since`, RowsRefused, and StoreUnavailable.
        """
        channel, name = self._names.channel, self._build.name
        moving = (self._move, topic, partition, since.next_offset, since.turn, reached, channel, name)
        with reading_faults(), refusals():
            async with self._pool.acquire() as connection:
                write = self._at_once if self.is_small(batch) else self._step_by_step
                try:
                    moved = await write(connection, moving, batch)
                except TimeoutError:
                    await end_frozen(connection, self._names.tables(self._build), FROZEN_MS)
                    raise
        if not moved:
            raise OffsetMoved(f"{self._build.label}: {topic}[{partition}] is not where it was any more")
        parked = since.parked | batch.parked.keys() if batch.parked else since.parked
        return Standing(reached, since.turn, parked)

    def is_small(self, batch: Batch) -> bool:
        """Whether one statement does all of it, which can make a row or change it, but not both."""
        if batch.waiting or sum([len(write.rows) for write in batch.writes]) >= FEW_ROWS:
            return False
        new = {write.table for write in batch.writes if not write.keys}
        return not any(write.keys and write.table in new for write in batch.writes)

    async def _at_once(self, connection: Connection, moving: _Moving, batch: Batch) -> bool:
        """In one round trip instead of four; who is frozen meanwhile holds no lock, since nothing is left for it to do.

        Whether it stood where it was to stand.
        """
        move, *place = moving
        types = await self._known_types(connection)
        statement, values = guarded(move, len(place), self._schema, types, batch.writes)
        return await connection.fetchrow(statement, *place, *values, timeout=_patience_s()) is not None

    async def _step_by_step(self, connection: Connection, moving: _Moving, batch: Batch) -> bool:
        async with connection.transaction():
            if await connection.fetchrow(*moving, timeout=_patience_s()) is None:
                return False
            await self.write(connection, batch)
            if batch.waiting:
                _, topic, partition, *_ = moving
                await park(connection, self._names.tables(self._build), topic, partition, batch)
        return True

    async def write(self, connection: Connection, batch: Batch) -> None:
        """Write the rows of a batch within a transaction; raises RowsRefused."""
        types = await self._known_types(connection)
        with refusals():
            for write in batch.writes:
                await write_rows(connection, self._schema, types, write)

    async def _known_types(self, connection: Connection) -> ColumnTypes:
        if self._types is None:
            self._types = await column_types(connection, self._schema)
        return self._types


def _patience_s() -> float:
    """How long a partition's lock is waited for: by then PostgreSQL has ended whom it ends by itself."""
    return FROZEN_MS / 1_000 + 1


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what no rows can be kept for into RowsRefused; let every other fault through."""
    try:
        yield
    except _REFUSALS as error:
        raise RowsRefused(because(error)) from error
