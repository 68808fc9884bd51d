"""A build goes when nobody sees it or keeps it up any more, with all that it has."""

from __future__ import annotations

import structlog

from service.postgres.alone import alone
from service.postgres.builds import builds, follow, keep_until, leave
from service.postgres.giving_way import PATIENCE_SECONDS, Held, once_free
from service.postgres.names import Names
from service.postgres.pool import Connection, Pool, passing_faults
from service.postgres.views import FARE, InUse, show_all
from service.projections.build import Build

log = structlog.get_logger()

# Two looks of projectors, so that all have let go of it before.
_GRACE_SECONDS = 60.0

_DEPENDENTS = """
SELECT DISTINCT v.oid::regclass::text FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
    JOIN pg_class v ON v.oid = r.ev_class JOIN pg_class t ON t.oid = d.refobjid
WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
    AND t.relnamespace = $1::text::regnamespace AND v.relnamespace <> $1::text::regnamespace
    AND NOT (v.relnamespace = $2::text::regnamespace AND v.relname = ANY($3::text[]))
"""


class Shown(Exception):
    """Readers see this build; the message says what to do."""


async def drop(pool: Pool, names: Names, build: Build) -> None:
    """Have nobody keep a build up, then drop it; a projector finishes what is broken off in between.

    Raises Shown, InUse, LookupError where there is no such build, TimeoutError, and StoreUnavailable.
    """
    with passing_faults():
        async with pool.acquire() as connection, alone(connection, names):
            await _require_unseen(connection, names, build)
            await _require_unused(connection, names, build)
            await keep_until(connection, names, build, 0)
            await follow(connection, names, build, followed=False)
    await _drop(pool, names, build, PATIENCE_SECONDS)


async def drop_expired(pool: Pool, names: Names) -> list[Build]:
    """Drop those whose time is past, but for those that others hold on to, and return them."""
    query = f"""
        SELECT projection, version, build FROM {names.public}.versions
        WHERE drop_at < now() - make_interval(secs => $1) AND NOT current
    """  # noqa: S608  # the schema is our own
    with passing_faults():
        expired = [Build(*row) for row in await pool.fetch(query, _GRACE_SECONDS)]
    dropped = []
    for build in expired:
        try:
            await _drop(pool, names, build, 0)
        except (InUse, TimeoutError) as fault:
            log.warning("its time is past, but it cannot be dropped", projection=build.label, reason=str(fault))
        except (LookupError, Shown):  # another projector was first, or readers were moved back to it meanwhile
            continue
        else:
            log.info("dropped", projection=build.label)
            dropped.append(build)
    return dropped


async def _drop(pool: Pool, names: Names, build: Build, patience_s: float) -> None:
    try:
        await once_free(pool, names, lambda connection: _drop_now(connection, names, build), patience_s)
    except Held as error:
        raise TimeoutError(
            f"Somebody reads {build.label}, such as a diff: nobody keeps it up any more, and projectors drop it later"
        ) from error


async def _drop_now(connection: Connection, names: Names, build: Build) -> None:
    await _require_unseen(connection, names, build)
    await leave(connection, names, build)
    await show_all(connection, names)
    await _require_unused(connection, names, build)
    await connection.execute(f"DROP SCHEMA {names.tables(build)} CASCADE")


async def _require_unused(connection: Connection, names: Names, build: Build) -> None:
    found = await connection.fetch(_DEPENDENTS, names.tables(build), names.public, list(FARE))
    if dependents := [name for (name,) in found]:
        raise InUse(f"{build.label} is what {', '.join(dependents)} is made of: drop that first")


async def _require_unseen(connection: Connection, names: Names, build: Build) -> None:
    found = [one for one in await builds(connection, names, build.name) if one.build == build]
    if not found:
        raise LookupError(f"{build.label} is not there: see `fairlead projections list`")
    if found[0].current:
        raise Shown(f"{build.label} is what readers see: `fairlead projections switch` them to another one first")
