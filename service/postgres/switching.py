"""Readers are moved from one build to another in one transaction, and never backwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from service.postgres.builds import builds, keep_until, next_offsets
from service.postgres.giving_way import PATIENCE_SECONDS, once_free
from service.postgres.names import Names
from service.postgres.pool import Connection, Pool
from service.postgres.views import show
from service.projections.build import Build
from service.projections.level import Offsets, behind
from service.projections.projection import Projection

# Less than FROZEN_MS, by which it would end with less to say.
_HELD_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Terms:
    """For how many seconds the build that was shown is kept, for ever where none are said.

    `stale` allows entities that are parked in the new one alone.
    """

    keep_s: float | None = None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """To a build, by the code that makes its rows.

    `wanted` says from where the build that is shown stands where this one must be; `catch_up` brings it there while the
    other is held.
    """

    projection: Projection
    build: Build
    wanted: Callable[[Offsets], Offsets]
    catch_up: Callable[[Offsets], Awaitable[None]]
    terms: Terms


class NotLevel(Exception):
    """The build stands behind what readers have seen already; the message says how far."""


class StaleThere(Exception):
    """Entities are parked in the build that are not in the one that readers see; the message says which."""


async def switch(pool: Pool, names: Names, move: Move) -> Build | None:
    """Let readers see a build in place of another, which it returns; None where they saw it already.

    Raises NotLevel, StaleThere, InUse, Held and StoreUnavailable.
    """
    return await once_free(pool, names, lambda connection: _switch(connection, names, move), PATIENCE_SECONDS)


async def _switch(connection: Connection, names: Names, move: Move) -> Build | None:
    build = move.build
    listed = await builds(connection, names, build.name)
    if build not in {one.build for one in listed}:
        raise LookupError(f"{build.label} is not there any more: see `fairlead projections list`")
    [old] = [one.build for one in listed if one.current]
    if old == build:
        return None
    # From here on the old build stands still, until the end of this transaction.
    await connection.execute(f"LOCK TABLE {names.tables(old)}.progress IN SHARE MODE")
    least = move.wanted(await next_offsets(connection, names, old))
    if behind(await next_offsets(connection, names, build), least):
        # Whatever it waits for, such as a partition without a leader, the old build and all who begin wait with it.
        with suppress(TimeoutError):
            async with asyncio.timeout(_HELD_SECONDS):
                await move.catch_up(least)
        require_level(build, old, await next_offsets(connection, names, build), least)
    if not move.terms.stale:
        await _require_no_staler(connection, names, build, old)
    await show(connection, names, move.projection, build)
    if move.terms.keep_s is not None:
        await keep_until(connection, names, old, move.terms.keep_s)
    return old


def require_level(build: Build, old: Build, at: Offsets, least: Offsets, *, spare: int = 0) -> None:
    """Refuse what stands behind by more than `spare` offsets in all; raises NotLevel."""
    lacking = behind(at, least)
    if sum(lacking.values()) > spare:
        farthest = max(lacking, key=lambda place: lacking[place])
        raise NotLevel(
            f"{build.label} stands {sum(lacking.values()):,} offsets behind {old.label} "
            f"({farthest[0]}[{farthest[1]}]: {lacking[farthest]:,}), and readers would see older rows: "
            f"see with `fairlead projections list` whether it comes up; "
            f"`fairlead projections rebuild {build.name}` brings up one that was never shown"
        )


async def _require_no_staler(connection: Connection, names: Names, build: Build, old: Build) -> None:
    query = f"""
        SELECT DISTINCT here.entity_id FROM {names.tables(build)}.parked here WHERE NOT EXISTS (
            SELECT FROM {names.tables(old)}.parked there
            WHERE (there.topic, there.partition, there.entity_id) = (here.topic, here.partition, here.entity_id)
                AND there."offset" <= here."offset"
        )
    """  # noqa: S608  # the schemas are our own
    if parked := [entity_id for (entity_id,) in await connection.fetch(query)]:
        raise StaleThere(
            f"{len(parked):,} entities are parked in {build.label} that {old.label} has taken, such as {parked[0]}: "
            f"readers would see older rows of them: `fairlead projections redrive {build.name}`, or say --stale"
        )
