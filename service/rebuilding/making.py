"""A build is made beside the one that is shown, until it stands level with it and projectors keep it up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from service.kafka.feed import ProjectionFeed, group_of
from service.kafka.groups import member_count
from service.kafka.logs import Logs
from service.postgres.alone import alone
from service.postgres.builds import Listed, builds, follow
from service.postgres.erasing import tables_of
from service.postgres.giving_way import PATIENCE_SECONDS, once_free
from service.postgres.pool import Connection, passing_faults
from service.postgres.schema import add, require_same
from service.postgres.views import show_all
from service.projections.build import Build
from service.projections.level import Offsets, behind, gone
from service.projections.pace import Pace
from service.projections.projection import Projection
from service.rebuilding.choosing import candidate, shown
from service.rebuilding.followers import is_followed
from service.rebuilding.ground import Ground, open_ground
from service.rebuilding.least import least
from service.rebuilding.missing import NotThere
from service.settings import Settings

# Who reaches within this time where the other was at its beginning, follows it.
_LEVEL_SECONDS = 1.0
_TOLD_SECONDS = 1.0
# Others wait for so long for the work of a command that was killed: as short as brokers allow by default.
_SESSION_MS = 6_000

Tell = Callable[[Build, int, int], None]


@dataclass(frozen=True, slots=True)
class Made:
    """A build that stands level with the one that is shown; `followed` says whether a projector keeps it up."""

    build: Build
    shown: Build
    offsets: int
    followed: bool


async def rebuild(
    settings: Settings, projection: Projection, tell: Tell, *, rate: float | None = None, stay: bool = False
) -> Made:
    """Make the build that waits to be shown, a new one where none does; whoever is killed goes on where it stood.

    `tell` hears how many offsets of how many it has read. `rate` bounds the records per second that are read here;
    with `stay` it is kept up from here, until cancelled. Raises ChangedProjection, Held, NotThere, LookupError, and
    what a feed raises.
    """
    async with open_ground(settings, projection.name) as ground:
        old = shown(await ground.builds()).build
        new = await _begin(ground, projection)
        async with ground.logs(projection) as logs:
            async with _feeding(ground, projection, new, Pace(rate) if rate else None):
                done = await _until_level(ground, logs, old, new.build, tell)
                await _hand_over(ground, new.build)
                if stay:
                    await asyncio.Event().wait()
            return Made(new.build, old, done, await is_followed(ground, new.build))


async def _begin(ground: Ground, projection: Projection) -> Listed:
    async def begin(connection: Connection) -> Listed:
        listed = await builds(connection, ground.names, projection.name)
        ours = [one for one in listed if require_same(projection, one)]
        if there := candidate(ours, [(projection.name, projection.version)]):
            return there
        number = max((one.build.number for one in ours), default=0) + 1
        await add(connection, ground.names, projection, projection.build(number), followed=False)
        await show_all(connection, ground.names)
        listed = await builds(connection, ground.names, projection.name)
        return next(one for one in listed if one.build == projection.build(number))

    return await once_free(ground.pool, ground.names, begin, PATIENCE_SECONDS)


@asynccontextmanager
async def _feeding(ground: Ground, projection: Projection, new: Listed, pace: Pace | None) -> AsyncIterator[None]:
    """Read for it, unless projectors do; raises what stops that."""
    settings = ground.settings
    if new.followed and await member_count(ground.kafka, group_of(settings.prefix, new.build)):
        yield
        return
    feed = ProjectionFeed(
        ground.kafka,
        settings.prefix,
        projection,
        new.build,
        tables_of(ground.pool, ground.names, new.build),
        pace=pace,
        patient=False,
        instance_id=None,
        session_timeout_ms=min(_SESSION_MS, settings.session_timeout_ms),
        watchdog_s=settings.watchdog_s,
    )
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(feed.run())
        yield
        reading.cancel()


async def _until_level(ground: Ground, logs: Logs, old: Build, new: Build, tell: Tell) -> int:
    clock = asyncio.get_running_loop().time
    topics = {topic for topic, _ in await logs.ends()}
    begins = await logs.begins()
    while True:
        begun = clock()
        wanted = (await least(ground, logs, old, topics))(await ground.offsets(old))
        while True:
            moved = ground.signals.next(new.name)
            at = await ground.offsets(new)
            _require_readable(new, at, begins)
            tell(new, *_far(begins, at, await logs.ends()))
            if not behind(at, wanted):
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(moved.wait(), _TOLD_SECONDS)
        if clock() - begun < _LEVEL_SECONDS:
            return _far(begins, at, at)[0]


def _require_readable(new: Build, at: Offsets, begins: Offsets) -> None:
    """Projectors that keep it up would wait for what retention has removed, and so would we; raises NotThere."""
    for (topic, number), offset in gone(at, begins).items():
        raise NotThere(
            f"{topic}[{number}] has no offset {offset} any more, which {new.label} would read next: "
            f"`fairlead projections drop {new.name} {new.label}`, then rebuild"
        )


def _far(begins: Offsets, at: Offsets, ends: Offsets) -> tuple[int, int]:
    total = sum(end - begins.get(place, 0) for place, end in ends.items())
    return total - sum(behind({**begins, **at}, ends).values()), total


async def _hand_over(ground: Ground, build: Build) -> None:
    with passing_faults():
        async with ground.pool.acquire() as connection, alone(connection, ground.names):
            await follow(connection, ground.names, build, followed=True)
