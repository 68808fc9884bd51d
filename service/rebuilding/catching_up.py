"""A build is brought to where another one stands still, by its projectors or, where they are not quick, from here."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from service.kafka.logs import Logs
from service.postgres.erasing import tables_of
from service.projections.build import Build
from service.projections.level import Offsets, Place, behind
from service.projections.projection import Projection
from service.projections.store import OffsetMoved
from service.projections.stored import Record
from service.rebuilding.ground import Ground

# So many offsets are read while the old build stands still: a batch of a projector.
MOST = 2_000
# Projectors are there within milliseconds, unless all their connections wait for the old build.
_PROJECTORS_SECONDS = 0.1
_TRIES = 5


async def comes_level(ground: Ground, build: Build, wanted: Offsets, seconds: float) -> bool:
    """Whether projectors bring a build there within this time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        moved = ground.signals.next(build.name)
        if not behind(await ground.offsets(build), wanted):
            return True
        try:
            async with asyncio.timeout_at(deadline):
                await moved.wait()
        except TimeoutError:
            return False


async def catch_up(ground: Ground, logs: Logs, code: Projection, build: Build, wanted: Offsets) -> None:
    """Have a build there, if it is not far from it."""
    if await comes_level(ground, build, wanted, _PROJECTORS_SECONDS):
        return
    for _ in range(_TRIES):
        lacking = behind(await ground.offsets(build), wanted)
        if not lacking or sum(lacking.values()) > MOST:
            return
        await _read(ground, logs, code, build, {place: wanted[place] for place in lacking})


async def _read(ground: Ground, logs: Logs, code: Projection, build: Build, ends: Offsets) -> None:
    """Take what there is up to these ends, beside the projectors who do the same."""
    takings = ground.takings(code, tables_of(ground.pool, ground.names, build), ends)
    # Where a build is said to stand it stands for good: one said to stand before the log begins could never be read on.
    begins = await logs.begins()
    starts = {place: await taking.begin(begins.get(place, 0)) for place, taking in takings.items()}
    records: dict[Place, list[Record]] = {place: [] for place in behind(starts, ends)}
    async for topic, partition, found in logs.between(starts, {place: ends[place] for place in records}):
        records[topic, partition] += found
    for place, found in records.items():
        # A projector that was as quick has come further, if not always so far.
        with suppress(OffsetMoved):
            await takings[place].take(found, ends[place])
