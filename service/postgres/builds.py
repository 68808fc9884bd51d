"""Which builds there are, and what each is for: the one that is shown, others that are kept up beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from service.postgres.names import Names
from service.postgres.pool import Connection, Pool, passing_faults
from service.projections.build import Build
from service.projections.level import Offsets

TABLE = """
CREATE TABLE IF NOT EXISTS {public}.versions (
    projection text, version int, build int, fingerprint text NOT NULL,
    current boolean NOT NULL DEFAULT false, followed boolean NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(), shown_at timestamptz, drop_at timestamptz,
    PRIMARY KEY (projection, version, build)
)
"""

# What is said on the channel when builds come, go or are shown.
CHANGED = "builds"


class Listed(NamedTuple):
    """A build; `fingerprint` is that of the code that makes its rows.

    `current` is the one that readers see, `followed` one that projectors keep up; `shown_at` is when readers saw it
    first or again, `drop_at` when it may go, from when on nobody keeps it up.
    """

    build: Build
    fingerprint: str
    current: bool
    followed: bool
    made_at: datetime
    shown_at: datetime | None
    drop_at: datetime | None


async def builds(connection: Connection, names: Names, projection: str | None = None) -> list[Listed]:
    """All builds, or those of one projection, in the order of projections, versions and numbers."""
    query = f"""
        SELECT projection, version, build, fingerprint, current, followed AND coalesce(drop_at > now(), true),
            made_at, shown_at, drop_at
        FROM {names.public}.versions WHERE $1::text IS NULL OR projection = $1 ORDER BY projection, version, build
    """  # noqa: S608  # the schema is our own
    return [Listed(Build(*row[:3]), *row[3:]) for row in map(tuple, await connection.fetch(query, projection))]


async def all_builds(pool: Pool, names: Names, projection: str | None = None) -> list[Listed]:
    """As `builds`, none where no projector has ever come up; raises StoreUnavailable."""
    with passing_faults():
        try:
            return await builds(pool, names, projection)
        except asyncpg.UndefinedTableError:
            return []


async def followed_builds(pool: Pool, names: Names, versions: Collection[tuple[str, int]]) -> list[Build]:
    """Those of these (projection, version) that projectors keep up; raises StoreUnavailable."""
    with passing_faults():
        async with pool.acquire() as connection:
            return [
                one.build
                for one in await builds(connection, names)
                if one.followed and (one.build.name, one.build.version) in versions
            ]


async def enter(connection: Connection, names: Names, build: Build, fingerprint: str, *, followed: bool) -> None:
    """Have a build among them."""
    await connection.execute(
        f"INSERT INTO {names.public}.versions (projection, version, build, fingerprint, followed) "  # noqa: S608  # as above
        "VALUES ($1, $2, $3, $4, $5)",
        *_key(build),
        fingerprint,
        followed,
    )
    await tell(connection, names)


async def follow(connection: Connection, names: Names, build: Build, *, followed: bool) -> None:
    """Have projectors keep a build up from now on, or no longer."""
    await connection.execute(
        f"UPDATE {names.public}.versions SET followed = $4 WHERE (projection, version, build) = ($1, $2, $3)",  # noqa: S608  # as above
        *_key(build),
        followed,
    )
    await tell(connection, names)


async def keep_until(connection: Connection, names: Names, build: Build, seconds: float) -> None:
    """Have a build go in so many seconds; one that is shown again in the meantime stays."""
    await connection.execute(
        f"""
        UPDATE {names.public}.versions SET drop_at = now() + make_interval(secs => $4)
        WHERE (projection, version, build) = ($1, $2, $3)
        """,  # noqa: S608  # as above
        *_key(build),
        seconds,
    )
    await tell(connection, names)


async def leave(connection: Connection, names: Names, build: Build) -> None:
    """Have a build no longer among them."""
    query = f"DELETE FROM {names.public}.versions WHERE (projection, version, build) = ($1, $2, $3)"  # noqa: S608  # as above
    await connection.execute(query, *_key(build))
    await tell(connection, names)


async def next_offsets(connection: Connection, names: Names, build: Build) -> Offsets:
    """Where the partitions of a build stand, of those that were ever read; raises LookupError where it is gone."""
    with _there(build):
        rows = await connection.fetch(f"SELECT topic, partition, next_offset FROM {names.tables(build)}.progress")  # noqa: S608  # as above
    return {(topic, partition): next_offset for topic, partition, next_offset in rows}


async def parked_count(connection: Connection, names: Names, build: Build) -> int:
    """How many entities a build could not take; raises LookupError where it is gone."""
    with _there(build):
        return int(await connection.fetchval(f"SELECT count(*) FROM {names.tables(build)}.parked"))  # noqa: S608  # as above


async def tell(connection: Connection, names: Names) -> None:
    """Let projectors and readers know, once the transaction is done."""
    await connection.execute("SELECT pg_notify($1, $2)", names.channel, CHANGED)


def _key(build: Build) -> tuple[Any, ...]:
    return build.name, build.version, build.number


@contextmanager
def _there(build: Build) -> Iterator[None]:
    try:
        yield
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
        raise LookupError(f"{build.label} was dropped meanwhile: see `fairlead projections list`") from error
