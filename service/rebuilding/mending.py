"""Once a projection's code is mended: it may go on, and takes what had to wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from service.postgres.accepting import accept
from service.postgres.redriving import Redriven, Redriving
from service.postgres.waiting import Still
from service.projections import every_version
from service.projections.build import Build
from service.projections.projection import Projection
from service.rebuilding.ground import Ground, code_of, open_ground
from service.rebuilding.missing import NotThere
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Which:
    """A projection, of which one build may be meant, by its label, and one entity."""

    name: str
    build: str | None = None
    entity_id: str | None = None


@dataclass(slots=True)
class Mended:
    """How much was to be taken, how much was, and by build what is parked still."""

    waiting: int = 0
    taken: Redriven = field(default_factory=Redriven)
    parked: list[tuple[Build, Still]] = field(default_factory=list)


async def accept_projection(settings: Settings, name: str) -> list[Build]:
    """Let the code of all versions of a projection go on with their rows; the builds for which that is new.

    Raises ChangedProjection, InUse and StoreUnavailable.
    """
    async with open_ground(settings, name) as ground:
        codes = [code for code in every_version().values() if code.name == name]
        return [build for code in codes for build in await accept(ground.pool, ground.names, code)]


async def redrive_projection(settings: Settings, which: Which, done: Mended, told: Callable[[], None]) -> None:
    """Have all builds that are meant and that there is code for take what waits; `done` grows, and is told.

    Raises NotThere, ChangedProjection and StoreUnavailable.
    """
    async with open_ground(settings, which.name) as ground:
        redriving = [
            (build, Redriving(ground.pool, ground.names, code, build, ground.sources(code)))
            for code, build in await _chosen(ground, which)
        ]
        done.waiting = sum([await each.waiting(which.entity_id) for _, each in redriving])
        for build, each in redriving:
            await each.run(which.entity_id, done.taken, told)
            done.parked += [(build, still) for still in await each.parked(which.entity_id)]


async def _chosen(ground: Ground, which: Which) -> list[tuple[Projection, Build]]:
    listed, versions = await ground.builds(), every_version()
    chosen = [
        (code_of(one), one.build)
        for one in listed
        if which.build in (None, one.build.label) and (one.build.name, one.build.version) in versions
    ]
    if not chosen:
        known = ", ".join(one.build.label for one in listed) or "none"
        raise NotThere(f"{which.build or which.name} is no build that this release has code for: there are {known}")
    return chosen
