"""What of an aggregate is in the database when it moves to another prefix: keys go with it, rows are made anew."""

from __future__ import annotations

from service.postgres.keys import prepare_keys
from service.postgres.names import Names
from service.postgres.pool import Pool, passing_faults

_COPY = """
INSERT INTO {target}.keys (aggregate, entity_id, kid, key, created_at, erased_at)
SELECT aggregate, entity_id, kid, key, created_at, erased_at FROM {source}.keys WHERE aggregate = $1
"""
_MORE = """
SELECT count(*) FROM (
    SELECT entity_id, kid FROM {target}.keys WHERE aggregate = $1
    EXCEPT SELECT entity_id, kid FROM {source}.keys WHERE aggregate = $1
) AS more
"""


async def in_use(pool: Pool, source: Names, target: Names, aggregate: str) -> str | None:
    """What is under the target's prefix that no copy has brought there, if anything.

    Raises StoreUnavailable.
    """
    with passing_faults():
        if await pool.fetchval("SELECT to_regnamespace($1) IS NOT NULL", target.public):
            # They would go on in a copy that is made anew from where they stood in an earlier one.
            keys = f"{target.prefix}fairlead_keys"
            return f"projections have begun; where nobody needs them, drop all schemas of that prefix but {keys}"
        if await _no_keys(pool, target):
            return None
        more = await pool.fetchval(_MORE.format(source=source.keys, target=target.keys), aggregate)
    return f"{more} keys there are of people whom the old one does not know, and would be lost" if more else None


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
        if await _no_keys(pool, names):
            return
        await pool.execute(f"DELETE FROM {names.keys}.keys WHERE aggregate = $1", aggregate)  # noqa: S608  # as above


async def _no_keys(pool: Pool, names: Names) -> bool:
    """Nobody has made the key store where the move did not come as far as that."""
    return bool(await pool.fetchval("SELECT to_regclass($1) IS NULL", f"{names.keys}.keys"))
