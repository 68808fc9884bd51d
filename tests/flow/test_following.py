"""Builds come and go while a role comes up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from service.following import Following
from service.projections.build import Build
from service.status import Part

_OLD, _NEW = Build("ships", 1), Build("ships", 2)


class _Feed:
    """Ready once it is let."""

    def __init__(self) -> None:
        self.let = asyncio.Event()

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def ready(self) -> None:
        await self.let.wait()

    def status(self) -> Sequence[Part]:
        return []


async def test_a_build_that_is_let_go_of_before_it_was_ready_is_not_waited_for() -> None:
    feeds: dict[Build, _Feed] = {}
    wanted, changed, started = {_OLD, _NEW}, asyncio.Event(), asyncio.Event()

    async def look() -> set[Build]:
        return wanted

    def feed(build: Build) -> _Feed:
        feeds[build] = _Feed()
        if len(feeds) == len(wanted):
            started.set()
        return feeds[build]

    following = Following(look, lambda: changed, feed)
    running, ready = asyncio.create_task(following.run()), asyncio.create_task(following.ready())
    async with asyncio.timeout(10):
        await started.wait()
        feeds[_NEW].let.set()
        wanted.remove(_OLD)
        changed.set()
        changed = asyncio.Event()
        await ready
    running.cancel()
    await asyncio.wait({running})
