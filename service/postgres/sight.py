"""A build as it will be some records later, for the eyes of one transaction: nothing of it is ever kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.postgres.builds import next_offsets
from service.postgres.names import Names, quoted
from service.postgres.parking import OWN_TABLES
from service.postgres.pool import Connection
from service.postgres.projector import refusals
from service.postgres.writing import ColumnTypes, column_types, write_rows
from service.projections.batch import Batch
from service.projections.build import Build
from service.projections.folding import Write
from service.projections.level import Offsets, Place
from service.projections.projection import Projection
from service.projections.store import Standing

_COLUMNS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = $1::text::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attgenerated = '' AND c.relname <> ALL($2::text[])
GROUP BY c.relname
"""

# Entities.
Parked = Mapping[Place, frozenset[str]]


class Sight:
    """A `Store` whose rows are those of the build, but for what is applied here: these it has of its own."""

    def __init__(  # noqa: PLR0913  # where, whose, and as it stands
        self, connection: Connection, names: Names, build: Build, own: str, at: Offsets, parked: Parked
    ) -> None:
        self.at = dict(at)
        self.parked = dict(parked)
        self._connection = connection
        self._schema = f"{names.prefix}{build.schema}"
        # Schemas that nobody else ever sees: the transaction that makes them is rolled back.
        self._rows, self._seen = f"{own} rows", f"{own} seen"
        self._types: ColumnTypes = {}
        self._columns: Mapping[str, Sequence[str]] = {}
        self._keys: dict[str, tuple[str, ...]] = {}

    async def standing(self, topic: str, partition: int, beginning: int) -> Standing:
        """As Store."""
        place = topic, partition
        return Standing(self.at.get(place, beginning), 0, self.parked.get(place, frozenset()))

    async def apply(self, topic: str, partition: int, since: Standing, reached: int, batch: Batch) -> Standing:
        """As Store, but for what waits, which nobody will take from here."""
        with refusals():
            async with self._connection.transaction():
                for write in batch.writes:
                    await self._write(write)
        self.at[topic, partition] = reached
        self.parked[topic, partition] = since.parked | batch.parked.keys()
        return Standing(reached, 0, self.parked[topic, partition])

    async def _write(self, write: Write) -> None:
        self._keys[write.table] = self._keys.get(write.table) or write.keys
        if write.keys:
            await self._copy(write)
        await write_rows(self._connection, self._rows, self._types, write)

    async def _copy(self, write: Write) -> None:
        """Have the rows that are to be changed as they are, unless they were changed here before."""
        columns = ", ".join(map(quoted, self._columns[write.table]))
        keys = ", ".join(map(quoted, write.keys))
        kinds = [self._types[write.table][column] for column in write.keys]
        arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(kinds, 1))
        await self._connection.execute(
            f"""
            INSERT INTO {quoted(self._rows)}.{quoted(write.table)} ({columns})
            SELECT {columns} FROM {quoted(self._schema)}.{quoted(write.table)}
            WHERE ({keys}) IN (SELECT * FROM unnest({arrays})) ON CONFLICT DO NOTHING
            """,  # noqa: S608  # names are our own, values are parameters
            *list(zip(*(row[: len(write.keys)] for row in write.rows), strict=True)),
        )

    async def open(self) -> None:
        """Make what it needs."""
        found = await self._connection.fetch(_COLUMNS, quoted(self._schema), list(OWN_TABLES))
        self._columns = {table: columns for table, columns in found}  # noqa: C416  # rows are no pairs to a type checker
        self._types = await column_types(self._connection, self._schema)
        await self._connection.execute(f"CREATE SCHEMA {quoted(self._rows)}")
        await self._connection.execute(f"CREATE SCHEMA {quoted(self._seen)}")
        for table in self._columns:
            like = f"LIKE {quoted(self._schema)}.{quoted(table)} INCLUDING ALL"
            await self._connection.execute(f"CREATE TABLE {quoted(self._rows)}.{quoted(table)} ({like})")

    async def views(self, projection: Projection) -> tuple[dict[str, str], dict[str, str]]:
        """Its public views as they are seen here, and as they stand; nothing is applied any more."""
        plain = await self._views(projection, "stands", [self._schema])
        for table, keys in self._keys.items():
            await self._overlay(table, keys)
        return await self._views(projection, "seen", [self._seen, self._schema]), plain

    async def _overlay(self, table: str, keys: Sequence[str]) -> None:
        columns = ", ".join(map(quoted, self._columns[table]))
        same = " AND ".join(f"later.{quoted(key)} = before.{quoted(key)}" for key in keys) or "false"
        await self._connection.execute(
            f"""
            CREATE VIEW {quoted(self._seen)}.{quoted(table)} AS
            SELECT {columns} FROM {quoted(self._schema)}.{quoted(table)} before
            WHERE NOT EXISTS (SELECT FROM {quoted(self._rows)}.{quoted(table)} later WHERE {same})
            UNION ALL SELECT {columns} FROM {quoted(self._rows)}.{quoted(table)}
            """  # noqa: S608  # as above
        )

    async def _views(self, projection: Projection, word: str, path: Sequence[str]) -> dict[str, str]:
        await self._connection.execute(f"SET LOCAL search_path = {', '.join(map(quoted, path))}")
        made = {}
        for name, view in projection.views.items():
            made[name] = f"{quoted(self._seen)}.{quoted(f'{name} {word}')}"
            await self._connection.execute(f"CREATE VIEW {made[name]} AS {view.query}")
        return made


async def open_sight(connection: Connection, names: Names, build: Build) -> Sight:
    """A build as it stands, within a transaction in REPEATABLE READ that is rolled back; raises LookupError."""
    at = await next_offsets(connection, names, build)
    parked: dict[Place, frozenset[str]] = {}
    query = f"SELECT topic, partition, entity_id FROM {names.tables(build)}.parked"  # noqa: S608  # as above
    for topic, partition, entity_id in await connection.fetch(query):
        parked[topic, partition] = parked.get((topic, partition), frozenset()) | {entity_id}
    own = f"{names.prefix}v{build.version}.{build.number} {await connection.fetchval('SELECT pg_backend_pid()')}"
    sight = Sight(connection, names, build, own, at, parked)
    await sight.open()
    return sight
