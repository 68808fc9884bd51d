"""The feed of a build, run beside a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from service.kafka.feed import ProjectionFeed
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.projector import BuildTables
from service.projections.projection import Projection
from tests.postgres.event_log import Log

STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Running:
    """A feed, and the task in which it runs."""

    feed: ProjectionFeed
    task: asyncio.Task[None]

    def reason(self, partition: int = 0) -> str | None:
        """What it says of a partition that it follows; raises LookupError where it follows none."""
        parts = [part for part in self.feed.status() if part.name.endswith(f"[{partition}]")]
        if not parts or not parts[0].ready:
            raise LookupError(partition)
        return parts[0].reason


@asynccontextmanager
async def running_feed(
    log: Log, pool: Pool, names: Names, projection: Projection, *, patient: bool = True
) -> AsyncIterator[Running]:
    """The feed of its first build."""
    feed = ProjectionFeed(
        log.connection,
        log.prefix,
        projection,
        projection.build(),
        BuildTables(pool, names, projection.build()),
        patient=patient,
        instance_id=None,
        session_timeout_ms=6_000,
        watchdog_s=30.0,
    )
    task = asyncio.create_task(feed.run())
    try:
        yield Running(feed, task)
    finally:
        task.cancel()
        async with asyncio.timeout(STOP_SECONDS):
            with suppress(asyncio.CancelledError, Exception):
                await task
