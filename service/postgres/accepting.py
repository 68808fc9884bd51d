"""A function that was mended goes on under its version, where a person says that its rows are the same."""

from __future__ import annotations

from service.postgres.builds import builds
from service.postgres.giving_way import PATIENCE_SECONDS, once_free
from service.postgres.names import Names
from service.postgres.pool import Connection, Pool, reading_faults
from service.postgres.schema import require_same
from service.postgres.views import show
from service.projections.build import Build
from service.projections.fingerprint import fingerprint, same_tables
from service.projections.projection import Projection


async def accept(pool: Pool, names: Names, projection: Projection) -> list[Build]:
    """Let this code go on with the rows that its version has; the builds for which that is new.

    What readers see is as this code says from then on. Raises ChangedProjection where the tables are others, InUse
    where somebody has built upon a view that gets other columns, Held, and StoreUnavailable.
    """
    return await once_free(pool, names, lambda connection: _accept(connection, names, projection), PATIENCE_SECONDS)


async def _accept(connection: Connection, names: Names, projection: Projection) -> list[Build]:
    with reading_faults():
        there = [
            one
            for one in await builds(connection, names, projection.name)
            if one.build.version == projection.version and one.fingerprint != fingerprint(projection)
        ]
        for listed in there:
            if not same_tables(listed.fingerprint, fingerprint(projection)):
                require_same(projection, listed)
        await connection.execute(
            f"UPDATE {names.public}.versions SET fingerprint = $3 WHERE (projection, version) = ($1, $2)",  # noqa: S608  # the schema is our own
            projection.name,
            projection.version,
            fingerprint(projection),
        )
        for listed in there:
            if listed.current:
                await show(connection, names, projection, listed.build)
        return [listed.build for listed in there]
