"""The builds that are to be kept up, each by a feed of its own, as they come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress

import structlog

from service.projections.build import Build
from service.projections.store import StoreUnavailable
from service.serving import Reporting
from service.status import Part

log = structlog.get_logger()

_LOOK_SECONDS = 30.0


class Following:
    """Has `feed` run for each build that `wanted` names, and looks again whenever `changed` is set."""

    def __init__(
        self,
        wanted: Callable[[], Awaitable[Collection[Build]]],
        changed: Callable[[], asyncio.Event],
        feed: Callable[[Build], Reporting],
    ) -> None:
        self._wanted = wanted
        self._changed = changed
        self._feed = feed
        self._feeds: dict[Build, Reporting] = {}
        self._tasks: dict[Build, asyncio.Task[None]] = {}
        self._looked = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled; raises what a feed raises."""
        async with asyncio.TaskGroup() as group:
            while True:
                changed = self._changed()
                wanted = await self._look()
                for build in set(self._tasks) - wanted:
                    log.info("followed no longer", projection=build.label)
                    self._tasks.pop(build).cancel()
                    del self._feeds[build]
                for build in sorted(wanted - set(self._tasks)):
                    self._feeds[build] = self._feed(build)
                    self._tasks[build] = group.create_task(self._feeds[build].run(), name=build.label)
                self._looked.set()
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), _LOOK_SECONDS)

    async def _look(self) -> set[Build]:
        try:
            return set(await self._wanted())
        except StoreUnavailable as fault:
            log.warning("which projections are wanted cannot be seen", reason=str(fault))
            return set(self._feeds)

    async def ready(self) -> None:
        """Return once each is ready of those that were wanted at first and are still."""
        await self._looked.wait()
        await asyncio.gather(*(self._ready(build, self._tasks[build], feed) for build, feed in self._feeds.items()))

    async def _ready(self, build: Build, task: asyncio.Task[None], feed: Reporting) -> None:
        ready = asyncio.ensure_future(feed.ready())
        try:
            await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
            # One that is let go of, such as a build that is dropped, will never be.
            if self._tasks.get(build) is task:
                await ready
        finally:
            ready.cancel()

    def status(self) -> Sequence[Part]:
        """The parts of all."""
        return [part for feed in self._feeds.values() for part in feed.status()]
