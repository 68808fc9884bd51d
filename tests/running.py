"""The real roles, run beside a test on the run's servers, under a prefix of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from service import app
from service.local.servers import Endpoints
from service.settings import Settings

_READY_SECONDS = 60.0
PARTITIONS = 4


def settings_for(servers: Endpoints, prefix: str, **others: Any) -> Settings:
    """The settings of a service under this prefix."""
    return Settings.model_validate(
        {
            "bootstrap_servers": servers.bootstrap_servers,
            "database_url": servers.database_url,
            "prefix": prefix,
            "allow_import": True,
            "session_timeout_ms": 10_000,
            **others,
        }
    )


async def apply_topics(settings: Settings) -> None:
    """All topics, as on the local stack."""
    await app.apply_topics(settings, partitions=PARTITIONS, replication=1)


@asynccontextmanager
async def running_handler(settings: Settings) -> AsyncIterator[None]:
    """A handler of both aggregates, ready on entry and drained on exit."""
    async with _running(lambda ready: app.run_handler(_with(settings, ready), ["ship", "user"])):
        yield


@asynccontextmanager
async def running_projectors(settings: Settings, *projections: str) -> AsyncIterator[None]:
    """These projections, all where none is named, reading on entry and stopped on exit."""
    async with _running(lambda ready: app.run_projectors(_with(settings, ready), projections)):
        yield


@asynccontextmanager
async def running_api(settings: Settings) -> AsyncIterator[None]:
    """The HTTP API, answering on entry and stopped on exit."""
    async with _running(lambda ready: app.run_api(_with(settings, ready))):
        yield


def _with(settings: Settings, ready: Path) -> Settings:
    return settings.model_copy(update={"ready_file": str(ready)})


@asynccontextmanager
async def _running(start: Any) -> AsyncIterator[None]:
    with TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        async with beside(start(ready)) as task:
            async with asyncio.timeout(_READY_SECONDS):
                while not await asyncio.to_thread(ready.exists):
                    await asyncio.wait({task}, timeout=0.05)
                    if task.done():
                        await task
            yield


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Have this done until exit; raises what it ended with before."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
