"""Schemas, tables and views, made where they are missing, by however many roles start at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import structlog

from service.postgres.names import Names, quoted
from service.postgres.pool import Connection, Pool, passing_faults
from service.projections.fingerprint import fingerprint
from service.projections.projection import Projection

log = structlog.get_logger()

_PROGRESS = """
CREATE TABLE progress (topic text, partition int, next_offset bigint NOT NULL, PRIMARY KEY (topic, partition))
WITH (fillfactor = 10)
"""

_VERSIONS = """
CREATE TABLE IF NOT EXISTS {public}.versions (
    projection text, version int, fingerprint text NOT NULL, current boolean NOT NULL,
    PRIMARY KEY (projection, version)
)
"""


class ChangedProjection(Exception):
    """A projection does something else than what its rows were made by; the message says what to do."""


async def prepare_projections(pool: Pool, names: Names, projections: Collection[Projection]) -> None:
    """Make what is missing, all of it in one transaction; raises ChangedProjection and StoreUnavailable.

    The first version of a projection is the one that the views show; a later one is built beside it.
    """
    with passing_faults():
        async with pool.acquire() as connection, alone(connection, names):
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {names.public}")
            await connection.execute(_VERSIONS.format(public=names.public))
            added = [one for one in projections if await _add(connection, names, one)]
            for projection in added:
                if await _is_only(connection, names, projection):
                    await show(connection, names, projection)


@asynccontextmanager
async def alone(connection: Connection, names: Names) -> AsyncIterator[None]:
    """A transaction in which nobody else changes schemas of this prefix."""
    # Locked before it begins: only at its beginning does PostgreSQL hear of schemas that others have made while we
    # waited. By a transaction's own lock, one that looked for a schema of its user's name before would make it again.
    await connection.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", names.public)
    try:
        async with connection.transaction():
            yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", names.public)


async def show(connection: Connection, names: Names, projection: Projection) -> None:
    """Let the public views show this version, from the end of the transaction on; within `alone`."""
    await connection.execute(f"SET LOCAL search_path = {names.tables(projection)}")
    for view, query in projection.views.items():
        await connection.execute(f"DROP VIEW IF EXISTS {names.public}.{quoted(view)}")
        await connection.execute(f"CREATE VIEW {names.public}.{quoted(view)} AS {query}")
    await connection.execute(
        f"UPDATE {names.public}.versions SET current = (version = $2) WHERE projection = $1",  # noqa: S608  # the schema is our own
        projection.name,
        projection.version,
    )
    await _show_progress(connection, names)


async def _add(connection: Connection, names: Names, projection: Projection) -> bool:
    """Make a projection's own schema; whether that was still to do."""
    known = await connection.fetchval(
        f"SELECT fingerprint FROM {names.public}.versions WHERE projection = $1 AND version = $2",  # noqa: S608  # the schema is our own
        projection.name,
        projection.version,
    )
    if known is not None:
        if known != fingerprint(projection):
            raise ChangedProjection(
                f"The tables or the function of the projection {projection.name} have changed, and its rows were made "
                f"by what they were: give it version {projection.version + 1}, which is then built beside the old one"
            )
        return False
    await connection.execute(f"CREATE SCHEMA {names.tables(projection)}")
    await connection.execute(f"SET LOCAL search_path = {names.tables(projection)}")
    await connection.execute(projection.tables)
    await connection.execute(_PROGRESS)
    await connection.execute(
        f"INSERT INTO {names.public}.versions VALUES ($1, $2, $3, false)",  # noqa: S608  # the schema is our own
        projection.name,
        projection.version,
        fingerprint(projection),
    )
    log.info("projection prepared", projection=projection.name, version=projection.version)
    return True


async def _is_only(connection: Connection, names: Names, projection: Projection) -> bool:
    query = f"SELECT count(*) = 1 FROM {names.public}.versions WHERE projection = $1"  # noqa: S608  # the schema is our own
    return bool(await connection.fetchval(query, projection.name))


async def _show_progress(connection: Connection, names: Names) -> None:
    query = f"SELECT projection, version FROM {names.public}.versions WHERE current ORDER BY projection"  # noqa: S608  # the schema is our own
    parts = [
        f"SELECT {_literal(name)} AS projection, topic, partition, next_offset "  # noqa: S608  # as above
        f"FROM {quoted(f'{names.prefix}{name}_v{version}')}.progress"
        for name, version in await connection.fetch(query)
    ]
    await connection.execute(f"DROP VIEW IF EXISTS {names.public}.progress")
    await connection.execute(f"CREATE VIEW {names.public}.progress AS {' UNION ALL '.join(parts)}")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'::text"
