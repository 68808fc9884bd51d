"""Readers are moved to another build, or back, once it stands where they are; what is not needed goes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from service.kafka.logs import Logs
from service.postgres.dropping import drop as drop_build
from service.postgres.erasing import tables_of
from service.postgres.switching import Terms, require_level
from service.postgres.switching import switch as switch_build
from service.projections import every_version
from service.projections.build import Build
from service.projections.level import Offsets, behind
from service.projections.projection import Projection
from service.projections.store import OffsetMoved
from service.projections.taking import Taking
from service.rebuilding.choosing import NotThere, candidate, named, previous, shown
from service.rebuilding.followers import end_group, is_followed
from service.rebuilding.ground import Ground, code_of, open_ground
from service.rebuilding.least import least
from service.settings import Settings

# So many offsets are read while the old build stands still: a batch of a projector, tens of milliseconds.
_SPARE = 2_000
_TRIES = 5


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
        one = named(listed, to) if to else candidate(listed, every_version())
        if one is None:
            raise NotThere(f"No build of {name} waits to be shown: `fairlead projections rebuild {name}` makes one")
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
    topics = ground.topics(code)
    async with ground.logs(code) as logs:
        wanted = await least(ground, logs, old, topics)
        require_level(build, old, await ground.offsets(build), wanted(await ground.offsets(old)), spare=_SPARE)

        async def catch_up(offsets: Offsets) -> None:
            await _catch_up(ground, logs, code, build, offsets)

        before = await switch_build(ground.pool, ground.names, code, build, wanted, catch_up, terms)
    return Moved(build, before or build, await is_followed(ground, build))


async def _catch_up(ground: Ground, logs: Logs, code: Projection, build: Build, wanted: Offsets) -> None:
    """Bring a build on, beside the projectors who do the same, if it is not far."""
    sources = {ground.topic(source): source for source in code.sources}
    tables = tables_of(ground.pool, ground.names, build)
    for _ in range(_TRIES):
        lacking = behind(await ground.offsets(build), wanted)
        if not lacking or sum(lacking.values()) > _SPARE:
            return
        for place in lacking:
            taking = Taking(code, sources[place[0]], tables, *place)
            begin = await taking.begin(0)
            if begin >= wanted[place]:
                continue
            stretch = logs.between({place: begin}, {place: wanted[place]})
            records = [one async for _, _, found in stretch for one in found]
            # A projector that was as quick has come further, if not always so far.
            with suppress(OffsetMoved):
                await taking.take(records, wanted[place])


async def drop(settings: Settings, name: str, label: str) -> tuple[Build, bool]:
    """Drop a build that readers do not see; whether its consumer group is gone as well."""
    async with open_ground(settings, name) as ground:
        build = named(await ground.builds(), label).build
        await drop_build(ground.pool, ground.names, build)
        return build, await end_group(ground, build)
