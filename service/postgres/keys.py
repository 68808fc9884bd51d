"""The data keys of people: the one truth that is not in the log, so that it can be destroyed."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from service.commands.personal import DataKey
from service.postgres.alone import alone
from service.postgres.names import Names
from service.postgres.pool import Connection, Pool, passing_faults, soon

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


# One that the key store does not know, as after a backup from before the person was: no key is made for it any more.
_UNKNOWN = uuid.UUID(int=0)
# In the order of ids, as in `ensure`.
_DESTROY = """
WITH destroyed AS (
    INSERT INTO {schema}.keys AS kept (aggregate, entity_id, kid, erased_at)
    SELECT $1, entity_id, $3, now() FROM unnest($2::text[]) AS entity_id
    ON CONFLICT (aggregate, entity_id) DO UPDATE SET key = NULL, erased_at = now() WHERE kept.key IS NOT NULL
    RETURNING kid
)
SELECT count(*) FILTER (WHERE kid <> $3) FROM destroyed
"""


_VACUUM_SECONDS = 600.0
_VACUUM_AGAIN_SECONDS = 0.5
_VACUUMED = """
SELECT pg_stat_get_last_vacuum_time($1::text::regclass) AS at, pg_stat_get_dead_tuples($1::text::regclass) AS dead
"""


@dataclass(frozen=True, slots=True)
class KeptKey:
    """What is kept of a person's key: whether it is there, and if not, since when."""

    kid: str
    intact: bool
    erased_at: datetime | None


async def prepare_keys(pool: Pool, names: Names) -> None:
    """Make the key store where it is missing; raises StoreUnavailable."""
    with passing_faults():
        async with pool.acquire() as connection, alone(connection, names):
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {names.keys}")
            await connection.execute(_TABLE.format(schema=names.keys))


async def destroy_keys(connection: Connection, names: Names, aggregate: str, entity_ids: Collection[str]) -> int:
    """Destroy the keys of these for good, as of the end of the transaction; how many there were still.

    What is committed then outlives a crash of the server, whatever the transaction was told before.
    """
    await connection.execute("SELECT set_config('synchronous_commit', 'on', true)")
    destroy = _DESTROY.format(schema=names.keys)
    return int(await connection.fetchval(destroy, aggregate, sorted(set(entity_ids)), _UNKNOWN))


class PostgresKeys:
    """A `KeyStore` in PostgreSQL, in which keys can be destroyed; all methods raise StoreUnavailable."""

    def __init__(self, pool: Pool, names: Names) -> None:
        self._pool = pool
        self._names = names
        self._table = table = f"{names.keys}.keys"
        self._kept = (
            f"SELECT kid, key IS NOT NULL AS intact, erased_at FROM {table} WHERE aggregate = $1 AND entity_id = $2"  # noqa: S608  # the schema is our own
        )
        self._intact = f"SELECT kid FROM {table} WHERE kid = ANY($1::uuid[]) AND key IS NOT NULL"  # noqa: S608  # as above
        self._find = f"SELECT entity_id, kid, key FROM {table} WHERE aggregate = $1 AND entity_id = ANY($2::text[])"  # noqa: S608  # as above
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

    async def destroy(self, aggregate: str, entity_ids: Collection[str]) -> int:
        """Destroy the keys of these for good; how many there were still."""
        with passing_faults():
            async with self._pool.acquire() as connection, connection.transaction():
                return await destroy_keys(connection, self._names, aggregate, entity_ids)

    async def kept(self, aggregate: str, entity_id: str) -> KeptKey | None:
        """What the key store says of one person."""
        with passing_faults():
            row = await self._pool.fetchrow(self._kept, aggregate, entity_id)
        return None if row is None else KeptKey(str(row["kid"]), intact=row["intact"], erased_at=row["erased_at"])

    async def intact(self, kids: Collection[str]) -> set[str]:
        """Those of these keys that are there still, whosever they are."""
        with passing_faults():
            rows = await self._pool.fetch(self._intact, [uuid.UUID(kid) for kid in kids])
        return {str(row["kid"]) for row in rows}

    async def vacuum(self, *, wait_s: float = 0.0) -> int | None:
        """Have PostgreSQL free the place of rows that are dead, such as of keys that were destroyed.

        How many of them it must still keep, for transactions that do not end in this time; None where this user may
        not.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        # Besides, whoever has destroyed a key may count its row as dead only after it was freed, by up to a second.
        while (dead := await self._vacuum()) and loop.time() < deadline:  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(_VACUUM_AGAIN_SECONDS)
        return dead

    async def _vacuum(self) -> int | None:
        with passing_faults():
            before = await self._pool.fetchval("SELECT clock_timestamp()")
            await self._pool.execute(f"VACUUM {self._table}", timeout=_VACUUM_SECONDS)
            row = await self._pool.fetchrow(_VACUUMED, self._table)
        return int(row["dead"]) if row["at"] is not None and row["at"] >= before else None

    async def find(self, aggregate: str, entity_ids: Collection[str]) -> dict[str, DataKey]:
        """The keys that there are; without secret where the person was erased."""
        with passing_faults():
            async with soon(self._pool) as connection:
                return _data_keys(await connection.fetch(self._find, aggregate, sorted(set(entity_ids))))


def _data_keys(rows: Collection[tuple[str, uuid.UUID, bytes | None]]) -> dict[str, DataKey]:
    return {entity_id: DataKey(str(kid), key) for entity_id, kid, key in rows}
