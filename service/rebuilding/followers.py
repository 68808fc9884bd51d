"""Whether any projector keeps a build up, which only its consumer group knows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from service.kafka.feed import group_of
from service.kafka.groups import delete_group, member_count
from service.projections.build import Build
from service.rebuilding.ground import Ground

# Projectors hear at once of what they are to do, and then join or leave; a group tells nobody of that.
_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.25


async def is_followed(ground: Ground, build: Build) -> bool:
    """Whether somebody does, or begins to within seconds."""
    return await _within_seconds(lambda group: member_count(ground.kafka, group), ground, build)


async def end_group(ground: Ground, build: Build) -> bool:
    """Delete its group once all have left it; False where somebody stays for longer than seconds."""
    return await _within_seconds(lambda group: delete_group(ground.kafka, group), ground, build)


async def _within_seconds(ask: Callable[[str], Awaitable[int]], ground: Ground, build: Build) -> bool:
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while not await ask(group_of(ground.settings.prefix, build)):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    return True
