"""The row that says who is to be forgotten and the destruction of the key are one transaction."""

from __future__ import annotations

from service.postgres.keys import destroy_keys
from service.postgres.names import Names
from service.postgres.pool import Connection, Pool
from service.postgres.projector import BuildTables
from service.projections import erasures
from service.projections.batch import Batch
from service.projections.build import Build


class ErasingTables(BuildTables):
    """The `Store` of the projection `erasures`, for which the key store has been prepared as well."""

    def is_small(self, batch: Batch) -> bool:
        """Only what destroys nothing: of all but the last events there are no rows."""
        return not batch.writes and super().is_small(batch)

    async def write(self, connection: Connection, batch: Batch) -> None:
        """Write the rows, and destroy the keys of those that they speak of."""
        await super().write(connection, batch)
        people: dict[str, list[str]] = {}
        for write in batch.writes:
            for aggregate, entity_id, *_ in write.rows:
                people.setdefault(aggregate, []).append(entity_id)
        for aggregate, entity_ids in sorted(people.items()):
            await destroy_keys(connection, self._names, aggregate, entity_ids)


def tables_of(pool: Pool, names: Names, build: Build) -> BuildTables:
    """Where the rows of a build are kept, and what else comes with them."""
    chosen = ErasingTables if build.name == erasures.NAME else BuildTables
    return chosen(pool, names, build)
