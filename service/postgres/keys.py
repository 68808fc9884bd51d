"""The data keys of people: the one truth that is not in the log, so that it can be destroyed."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection

from service.commands.personal import DataKey
from service.postgres.names import Names
from service.postgres.pool import Pool, passing_faults
from service.postgres.schema import alone

_KEY_BYTES = 32

_TABLE = """
CREATE TABLE IF NOT EXISTS {schema}.keys (
    aggregate text,
    entity_id text,
    kid uuid NOT NULL,
    key bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    erased_at timestamptz,
    PRIMARY KEY (aggregate, entity_id)
)
"""


async def prepare_keys(pool: Pool, names: Names) -> None:
    """Make the key store where it is missing; raises StoreUnavailable."""
    with passing_faults():
        async with pool.acquire() as connection, alone(connection, names):
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {names.keys}")
            await connection.execute(_TABLE.format(schema=names.keys))


class PostgresKeys:
    """A `KeyStore` in PostgreSQL; both methods raise StoreUnavailable."""

    def __init__(self, pool: Pool, names: Names) -> None:
        self._pool = pool
        table = f"{names.keys}.keys"
        self._find = f"SELECT entity_id, kid, key FROM {table} WHERE aggregate = $1 AND entity_id = ANY($2::text[])"  # noqa: S608  # the schema is our own
        # In the order of ids, so that two writers never wait for each other in a circle.
        self._ensure = f"""
            WITH made AS (
                INSERT INTO {table} (aggregate, entity_id, kid, key)
                SELECT $1, wanted.* FROM unnest($2::text[], $3::uuid[], $4::bytea[]) AS wanted
                ON CONFLICT DO NOTHING
                RETURNING entity_id, kid, key
            )
            SELECT entity_id, kid, key FROM made UNION ALL {self._find}
        """  # noqa: S608  # as above

    async def ensure(self, aggregate: str, entity_ids: Collection[str]) -> dict[str, DataKey]:
        """The key of each entity, made where there was none and committed on return; without secret once erased."""
        wanted = sorted(set(entity_ids))
        kids = [uuid.uuid4() for _ in wanted]
        fresh = [secrets.token_bytes(_KEY_BYTES) for _ in wanted]
        with passing_faults():
            rows = await self._pool.fetch(self._ensure, aggregate, wanted, kids, fresh)
        keys = _data_keys(rows)
        # A key that another made between our snapshot and our insert is in neither half of the answer.
        if missed := [entity_id for entity_id in wanted if entity_id not in keys]:
            keys |= await self.find(aggregate, missed)
        return keys

    async def find(self, aggregate: str, entity_ids: Collection[str]) -> dict[str, DataKey]:
        """The keys that there are; without secret where the person was erased."""
        with passing_faults():
            return _data_keys(await self._pool.fetch(self._find, aggregate, sorted(set(entity_ids))))


def _data_keys(rows: Collection[tuple[str, uuid.UUID, bytes | None]]) -> dict[str, DataKey]:
    return {entity_id: DataKey(str(kid), key) for entity_id, kid, key in rows}
