"""A change to what others use gives way to them and comes again, so that none of them waits for it for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import structlog

from service.postgres.alone import alone
from service.postgres.names import Names
from service.postgres.pool import Connection, Pool, passing_faults

log = structlog.get_logger()

T = TypeVar("T")

# For a person who waits for it.
PATIENCE_SECONDS = 30.0
# So long, at most, do readers and projectors wait for one try. It is less than PostgreSQL's deadlock_timeout of 1 s: of
# two that wait for each other in a circle it is never another than this who is sent away.
_LOCK_MS = 300
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0


# Who reads what is to be another; since when, PostgreSQL tells of one's own user alone, unless more is granted.
_HOLDERS = """
SELECT DISTINCT a.pid, a.usename, a.application_name, extract(epoch FROM now() - a.xact_start)::int
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND c.relnamespace = $1::text::regnamespace AND a.pid <> pg_backend_pid()
"""


class Held(TimeoutError):
    """Readers who do not end hold on to the views; the message says who."""


async def once_free(pool: Pool, names: Names, change: Callable[[Connection], Awaitable[T]], patience_s: float) -> T:
    """Make a change within `alone`, as soon as nobody holds what it locks.

    Raises Held where somebody holds it for longer than so many seconds, StoreUnavailable, and what the change raises.
    """
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + patience_s, _FIRST_PAUSE_SECONDS
    while True:
        try:
            with passing_faults():
                async with pool.acquire() as connection, alone(connection, names):
                    await connection.execute(f"SET LOCAL lock_timeout = {_LOCK_MS}")
                    return await change(connection)
        except asyncpg.LockNotAvailableError as error:
            if loop.time() + pause > deadline:
                raise Held(await _holders(pool, names, patience_s)) from error
            log.info("waiting for others to end", reason=str(error))
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


async def _holders(pool: Pool, names: Names, patience_s: float) -> str:
    with passing_faults():
        found = await pool.fetch(_HOLDERS, names.public)
    told = ", ".join(
        f"process {pid} of {user} ({name or 'unnamed'}{'' if seconds is None else f', for {seconds} s'})"
        for pid, user, name, seconds in found
    )
    return (
        f"Readers held on to the views for {patience_s:.0f} s, and nothing was changed: "
        f"{told or 'who, is over'}; try again once they have ended"
    )
