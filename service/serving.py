"""Services run side by side as one role, which says when it is ready and is asked how it fares."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol

import structlog
from fastapi import FastAPI

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


async def serve(settings: Settings, services: Sequence[Service], is_ready: asyncio.Event | None = None) -> None:
    """Run all until one fails or this is cancelled; say so once all are ready."""
    is_ready = is_ready or asyncio.Event()
    with _one_reason(), _told_when_stopped():
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


class Together:
    """Several services as one, such as a feed and what works beside it."""

    def __init__(self, *services: Reporting) -> None:
        self._services = services

    async def run(self) -> None:
        """Run all until one fails or this is cancelled."""
        with _one_reason():
            async with asyncio.TaskGroup() as group:
                for service in self._services:
                    group.create_task(service.run())

    async def ready(self) -> None:
        """Return once all are."""
        await asyncio.gather(*(service.ready() for service in self._services))

    def status(self) -> Sequence[Part]:
        """The parts of all."""
        return [part for service in self._services for part in service.status()]


class Role:
    """Services under one health: ready once all have become so, and for as long as all of their parts are."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._services: Sequence[Reporting] = ()
        self._is_ready = asyncio.Event()

    async def run(self, services: Sequence[Reporting]) -> None:
        """As serve."""
        self._services = services
        await serve(self._settings, services, self._is_ready)

    def health(self) -> FastAPI:
        """Says how it fares."""
        return create_role_health(
            self._is_ready.is_set, lambda: [part for service in self._services for part in service.status()]
        )


@asynccontextmanager
async def open_role(settings: Settings) -> AsyncIterator[Role]:
    """A role to run; where a port is set for it, it answers from before it has what it needs until it is left."""
    role = Role(settings)
    if settings.health_port is None:
        yield role
        return
    health = ApiServer(role.health(), settings.health_host, settings.health_port, named="FAIRLEAD_HEALTH")
    with _one_reason():
        async with asyncio.TaskGroup() as group:
            answering = group.create_task(health.run())
            await health.ready()
            yield role
            answering.cancel()


@contextmanager
def _one_reason() -> Iterator[None]:
    """Raise the first of what a group raises: one reason is what a person can act on."""
    try:
        yield
    except BaseExceptionGroup as faults:
        raise faults.exceptions[0] from None


@contextmanager
def _told_when_stopped() -> Iterator[None]:
    try:
        yield
    except asyncio.CancelledError:
        log.info("stopped")
        raise
