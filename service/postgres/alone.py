"""Who changes schemas of a prefix does it alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.postgres.frozen import FROZEN_MS
from service.postgres.names import Names
from service.postgres.pool import Connection


@asynccontextmanager
async def alone(connection: Connection, names: Names) -> AsyncIterator[None]:
    """A transaction in which nobody else changes schemas of this prefix."""
    # Locked before it begins: only at its beginning does PostgreSQL hear of schemas that others have made while we
    # waited. By a transaction's own lock, one that looked for a schema of its user's name before would make it again.
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", names.public)
        async with connection.transaction():
            # By who stands still in here no handler, projector or erasure could begin any more.
            await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = {FROZEN_MS}")
            yield
    finally:
        try:
            await connection.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", names.public)
        except BaseException:
            # With the lock it must not be used again.
            connection.terminate()
            raise
