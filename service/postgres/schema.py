"""Schemas and tables, made where they are missing, by however many roles start at once."""

from __future__ import annotations

import math
from collections.abc import Collection

import structlog

from service.postgres import parking
from service.postgres.builds import TABLE, Listed, builds, enter
from service.postgres.giving_way import once_free
from service.postgres.names import Names
from service.postgres.pool import Connection, Pool
from service.postgres.views import grant, show, show_all
from service.projections.build import Build
from service.projections.fingerprint import fingerprint, same_tables
from service.projections.projection import Projection

log = structlog.get_logger()


class ChangedProjection(Exception):
    """A projection does something else than what its rows were made by; the message says what to do."""


async def prepare_projections(
    pool: Pool, names: Names, projections: Collection[Projection], earlier: Collection[Projection] = ()
) -> None:
    """Make what is missing, all of it in one transaction; raises ChangedProjection, NoSuchRole and StoreUnavailable.

    The first build of a projection is the one that the views show; a later version is built beside it. Versions that
    are `earlier` must be as they were as well, and are not made anew. Gives way to readers for as long as they take.
    """

    async def prepare(connection: Connection) -> list[Projection]:
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {names.public}")
        await connection.execute(TABLE.format(public=names.public))
        for projection in earlier:
            await _is_missing(connection, names, projection)
        added = [one for one in projections if await _is_missing(connection, names, one)]
        for projection in added:
            first = not await builds(connection, names, projection.name)
            await add(connection, names, projection, projection.build(), followed=True)
            if first:
                await show(connection, names, projection, projection.build())
        await (show_all(connection, names) if added else grant(connection, names))
        return added

    for projection in await once_free(pool, names, prepare, math.inf):
        log.info("projection prepared", projection=projection.name, version=projection.version)


async def _is_missing(connection: Connection, names: Names, projection: Projection) -> bool:
    there = await builds(connection, names, projection.name)
    return not any(require_same(projection, one) for one in there)


def require_same(projection: Projection, listed: Listed) -> bool:
    """Whether this is the projection's version; raises ChangedProjection where another code made its rows."""
    if listed.build.version != projection.version:
        return False
    if listed.fingerprint != fingerprint(projection):
        raise ChangedProjection(_what_to_do(projection, listed))
    return True


def _what_to_do(projection: Projection, listed: Listed) -> str:
    name, later = projection.name, projection.version + 1
    if not same_tables(listed.fingerprint, fingerprint(projection)):
        return (
            f"The tables of the projection {name} have changed, and its rows stand in what they were: give it version "
            f"{later}, which is then built beside the old one"
        )
    return (
        f"The function of the projection {name} has changed, and its rows were made by what it was: give it version "
        f"{later}, which is then built beside the old one; or, where it makes the same rows of all that was taken and "
        f"only takes what was refused before, run `fairlead projections accept {name}`"
    )


async def add(connection: Connection, names: Names, projection: Projection, build: Build, *, followed: bool) -> None:
    """Make a build's own schema, empty; within `alone`."""
    await connection.execute(f"CREATE SCHEMA {names.tables(build)}")
    await connection.execute(f"SET LOCAL search_path = {names.tables(build)}")
    await connection.execute(projection.tables)
    await connection.execute(parking.TABLES)
    await enter(connection, names, build, fingerprint(projection), followed=followed)
