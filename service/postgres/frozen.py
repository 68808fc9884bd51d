"""Who stands still while it copies rows keeps its locks: PostgreSQL ends it by none of its time-outs, so others do."""

from __future__ import annotations

import structlog

from service.postgres.pool import Connection

log = structlog.get_logger()

# How long a transaction may wait for the next statement of who holds locks by it, or for the rows that it copies.
FROZEN_MS = 10_000

# Only of the same user, which needs no further rights.
_END = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND state = 'active' AND wait_event = 'ClientRead'
    AND query_start < now() - make_interval(secs => $2) AND starts_with(query, $1)
"""


async def end_frozen(connection: Connection, schema: str, after_ms: int) -> None:
    """End the connections that began so long ago to copy rows into this schema, and wait for them still."""
    if ended := await connection.fetchval(_END, f"COPY {schema}.", after_ms / 1_000):
        log.warning("projectors that stood still were cut off", schema=schema, connections=ended)
