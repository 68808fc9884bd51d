"""Services run side by side as one role, which says when it is ready and is asked how it fares."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import structlog

from service.api.role import create_role_health
from service.api.server import ApiServer
from service.settings import Settings
from service.status import Part

log = structlog.get_logger()


class Service(Protocol):
    """Runs until cancelled."""

    async def run(self) -> None:
        """Do its work, and leave in order when cancelled."""

    async def ready(self) -> None:
        """Return once it works."""


class Reporting(Service, Protocol):
    """A service that can say of each of its parts how it fares."""

    def status(self) -> Sequence[Part]:
        """All parts as they are now."""


async def serve(settings: Settings, services: Sequence[Service]) -> None:
    """Run all until one fails or this is cancelled; say so once all are ready."""
    await _serve(settings, services, asyncio.Event())


async def serve_with_health(settings: Settings, services: Sequence[Reporting]) -> None:
    """As serve; where a port is set for it, answer /healthz, /readyz and /metrics from first to last."""
    is_ready = asyncio.Event()
    if settings.health_port is None:
        await _serve(settings, services, is_ready)
        return
    health = ApiServer(
        create_role_health(is_ready.is_set, lambda: [part for service in services for part in service.status()]),
        settings.health_host,
        settings.health_port,
        named="FAIRLEAD_HEALTH",
    )
    with _one_reason():
        async with asyncio.TaskGroup() as group:
            group.create_task(health.run())
            await health.ready()
            # Its group ends within this one: who asks during the drain is still answered.
            await _serve(settings, services, is_ready)


async def _serve(settings: Settings, services: Sequence[Service], is_ready: asyncio.Event) -> None:
    with _one_reason():
        async with asyncio.TaskGroup() as group:
            for service in services:
                group.create_task(service.run())
            await asyncio.gather(*(service.ready() for service in services))
            if settings.ready_file:
                await asyncio.to_thread(Path(settings.ready_file).touch)
            log.info("ready")
            is_ready.set()
            try:
                await asyncio.Event().wait()
            finally:
                is_ready.clear()


@contextmanager
def _one_reason() -> Iterator[None]:
    """Raise the first of what a group raises: one reason is what a person can act on."""
    try:
        yield
    except BaseExceptionGroup as faults:
        raise faults.exceptions[0] from None
