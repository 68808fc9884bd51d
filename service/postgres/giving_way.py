"""A change to what others use gives way to them and comes again, so that none of them waits for it for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import structlog

from service.postgres.names import Names
from service.postgres.pool import Connection, Pool, passing_faults
from service.postgres.schema import alone

log = structlog.get_logger()

T = TypeVar("T")

# So long, at most, do readers and projectors wait for one try. It is less than PostgreSQL's deadlock_timeout of 1 s: of
# two that wait for each other in a circle it is never another than this who is sent away.
_LOCK_MS = 300
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0


async def once_free(pool: Pool, names: Names, change: Callable[[Connection], Awaitable[T]], patience_s: float) -> T:
    """Make a change within `alone`, as soon as nobody holds what it locks.

    Raises asyncpg's LockNotAvailableError where somebody holds it for longer than so many seconds, StoreUnavailable,
    and what the change raises.
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
                raise
            log.info("waiting for others to end", reason=str(error))
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
