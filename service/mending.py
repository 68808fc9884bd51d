"""Once a projection's code is mended: it may go on, and takes what had to wait."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from service.kafka.feed import sources_of
from service.postgres.accepting import accept
from service.postgres.builds import builds
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool, reading_faults
from service.postgres.redriving import Redriven, Redriving
from service.postgres.schema import require_same
from service.postgres.waiting import Still
from service.projections import EARLIER, PROJECTIONS
from service.projections.build import Build
from service.projections.projection import Projection
from service.settings import Settings

_PATIENCE_SECONDS = 5.0


class NoSuchBuild(LookupError):
    """No build is meant that this release has code for; the message says which ones there are."""


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
    async with _open(settings) as pool:
        return [build for code in _code(name) for build in await accept(pool, _names(settings), code)]


async def redrive_projection(settings: Settings, which: Which, done: Mended, told: Callable[[], None]) -> None:
    """Have all builds that are meant and that there is code for take what waits; `done` grows, and is told.

    Raises NoSuchBuild, ChangedProjection and StoreUnavailable.
    """
    names = _names(settings)
    async with _open(settings) as pool:
        there = await _chosen(pool, names, which)
        redriving = [
            (build, Redriving(pool, names, code, build, sources_of(names.prefix, code))) for code, build in there
        ]
        done.waiting = sum([await each.waiting(which.entity_id) for _, each in redriving])
        for build, each in redriving:
            await each.run(which.entity_id, done.taken, told)
            done.parked += [(build, still) for still in await each.parked(which.entity_id)]


async def _chosen(pool: Pool, names: Names, which: Which) -> list[tuple[Projection, Build]]:
    with reading_faults():
        async with pool.acquire() as connection:
            there = await builds(connection, names, which.name)
    chosen = [
        (code, one.build)
        for one in there
        for code in _code(which.name)
        if which.build in (None, one.build.label) and require_same(code, one)
    ]
    if not chosen:
        known = ", ".join(one.build.label for one in there) or "none"
        raise NoSuchBuild(f"{which.build or which.name} is no build that this release has code for: there are {known}")
    return chosen


def _code(name: str) -> list[Projection]:
    return [one for one in (*PROJECTIONS.values(), *EARLIER) if one.name == name]


def _names(settings: Settings) -> Names:
    return Names(settings.prefix, settings.reader_role)


def _open(settings: Settings) -> AbstractAsyncContextManager[Pool]:
    return open_pool(settings.database_url.get_secret_value(), size=2, patience_s=_PATIENCE_SECONDS)
