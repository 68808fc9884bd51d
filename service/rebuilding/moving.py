"""Readers are moved to another build, or back, once it stands where they are; what is not needed goes."""

from __future__ import annotations

from dataclasses import dataclass

from service.postgres.dropping import drop as drop_build
from service.postgres.switching import Move, Terms, require_level
from service.postgres.switching import switch as switch_build
from service.projections.build import Build
from service.projections.level import Offsets
from service.projections.projection import Projection
from service.rebuilding.catching_up import MOST, catch_up, comes_level
from service.rebuilding.choosing import meant, named, previous, shown
from service.rebuilding.followers import end_group, is_followed
from service.rebuilding.ground import Ground, code_of, open_ground
from service.rebuilding.least import least
from service.rebuilding.missing import NotThere
from service.settings import Settings

_LEVEL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Moved:
    """What readers see now and what they saw, which is the same where nothing was changed."""

    build: Build
    before: Build
    followed: bool


async def switch(settings: Settings, name: str, terms: Terms, to: str | None = None) -> Moved:
    """Show the build of this label, or the one that waits to be shown.

    Raises NotThere, NoCode, ChangedProjection, and as service.postgres.switching.
    """
    async with open_ground(settings, name) as ground:
        listed = await ground.builds()
        one = meant(listed, name, to)
        return await _move(ground, code_of(one), one.build, shown(listed).build, terms)


async def rollback(settings: Settings, name: str, terms: Terms) -> Moved:
    """As `switch`, to what readers saw before."""
    async with open_ground(settings, name) as ground:
        listed = await ground.builds()
        one = previous(listed)
        if one is None:
            raise NotThere(f"Readers of {name} never saw another build than {shown(listed).build.label}")
        return await _move(ground, code_of(one), one.build, shown(listed).build, terms)


async def _move(ground: Ground, code: Projection, build: Build, old: Build, terms: Terms) -> Moved:
    if build == old:
        return Moved(build, old, followed=True)
    topics = ground.sources(code)
    async with ground.logs(code) as logs:
        wanted = await least(ground, logs, old, topics)
        require_level(build, old, await ground.offsets(build), wanted(await ground.offsets(old)), spare=MOST)
        # So that little is left to be waited for while the old one stands still.
        await comes_level(ground, build, wanted(await ground.offsets(old)), _LEVEL_SECONDS)

        async def bring(offsets: Offsets) -> None:
            await catch_up(ground, logs, code, build, offsets)

        before = await switch_build(ground.pool, ground.names, Move(code, build, wanted, bring, terms))
    return Moved(build, before or build, await is_followed(ground, build))


async def drop(settings: Settings, name: str, label: str) -> tuple[Build, bool]:
    """Drop a build that readers do not see; whether its consumer group is gone as well."""
    async with open_ground(settings, name) as ground:
        build = named(await ground.builds(), label).build
        await drop_build(ground.pool, ground.names, build)
        return build, await end_group(ground, build)
