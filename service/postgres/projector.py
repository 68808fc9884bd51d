"""The rows of one projection, and its offsets beside them: both move in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from service.postgres.names import Names, quoted
from service.postgres.pool import Pool, passing_faults
from service.postgres.writing import ColumnTypes, column_types, write_rows
from service.projections.folding import Write
from service.projections.projection import Projection
from service.projections.store import OffsetMoved


class ProjectionTables:
    """A `Store` in PostgreSQL, for a projection whose schema has been prepared."""

    def __init__(self, pool: Pool, names: Names, projection: Projection) -> None:
        self._pool = pool
        self._names = names
        self._projection = projection
        self._schema = f"{names.prefix}{projection.schema}"
        progress = f"{quoted(self._schema)}.progress"
        self._types: ColumnTypes | None = None
        self._start = f"INSERT INTO {progress} VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"  # noqa: S608  # the schema is our own
        self._read = f"SELECT next_offset FROM {progress} WHERE topic = $1 AND partition = $2"  # noqa: S608  # as above
        # First in the transaction: the row lock makes a rival wait before it writes, and then find the offset moved.
        # Both functions are in force until the end of this transaction. A server that crashes may lose the latest
        # batches, rows and offset together, and they are read again from the log.
        self._move = f"""
            UPDATE {progress} SET next_offset = $4
            WHERE topic = $1 AND partition = $2 AND next_offset = $3
            RETURNING set_config('synchronous_commit', 'off', true), pg_notify($5, $6)
        """  # noqa: S608  # as above

    async def position(self, topic: str, partition: int, beginning: int) -> int:
        """The next offset of a partition, kept as `beginning` where there was none; raises StoreUnavailable."""
        with passing_faults():
            async with self._pool.acquire() as connection:
                await connection.execute(self._start, topic, partition, beginning)
                return int(await connection.fetchval(self._read, topic, partition))

    async def apply(self, topic: str, partition: int, expected: int, reached: int, writes: Sequence[Write]) -> None:
        """Write all and move the offset from `expected` to `reached`, or do neither.

        Raises OffsetMoved and StoreUnavailable, and asyncpg's PostgresError where the rows themselves are refused.
        """
        channel, name = self._names.channel, self._projection.name
        with passing_faults():
            async with self._pool.acquire() as connection, connection.transaction():
                moved = await connection.fetchrow(self._move, topic, partition, expected, reached, channel, name)
                if moved is None:
                    raise OffsetMoved(f"{name}: {topic}[{partition}] is no longer at {expected}")
                if self._types is None:
                    self._types = await column_types(connection, self._schema)
                for write in writes:
                    await write_rows(connection, self._schema, self._types, write)
