"""What of an aggregate is in the database when it moves to another prefix: keys go with it, rows are made anew."""

from __future__ import annotations

from service.postgres.keys import prepare_keys
from service.postgres.names import Names
from service.postgres.pool import Pool, passing_faults

_COPY = """
INSERT INTO {target}.keys (aggregate, entity_id, kid, key, created_at, erased_at)
SELECT aggregate, entity_id, kid, key, created_at, erased_at FROM {source}.keys WHERE aggregate = $1
"""


async def has_projections(pool: Pool, names: Names) -> bool:
    """Whether any were begun under this prefix; raises StoreUnavailable."""
    with passing_faults():
        return bool(await pool.fetchval("SELECT to_regnamespace($1) IS NOT NULL", names.public))


async def copy_keys(pool: Pool, source: Names, target: Names, aggregate: str) -> int:
    """Have the same keys of an aggregate under the other prefix, and no others; how many, with those of the erased.

    Raises StoreUnavailable.
    """
    for names in (source, target):
        await prepare_keys(pool, names)
    with passing_faults():
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(f"DELETE FROM {target.keys}.keys WHERE aggregate = $1", aggregate)  # noqa: S608  # the schema is our own
            copied = await connection.execute(_COPY.format(source=source.keys, target=target.keys), aggregate)
    return int(copied.rpartition(" ")[2])


async def drop_keys(pool: Pool, names: Names, aggregate: str) -> None:
    """Delete the keys of an aggregate under a prefix that was left; raises StoreUnavailable."""
    with passing_faults():
        # Nobody has made it where the move did not come as far as that.
        if await pool.fetchval("SELECT to_regclass($1) IS NULL", f"{names.keys}.keys"):
            return
        await pool.execute(f"DELETE FROM {names.keys}.keys WHERE aggregate = $1", aggregate)  # noqa: S608  # as above
