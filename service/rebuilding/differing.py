"""Two builds compared where they stand at equal offsets, while both go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.kafka.logs import Logs
from service.postgres.comparing import Compared, Side, Tell, compare
from service.postgres.pool import Connection, passing_faults
from service.postgres.sight import Sight, open_sight
from service.projections.build import Build
from service.projections.level import Offsets, behind
from service.projections.projection import Projection
from service.rebuilding.choosing import meant, shown
from service.rebuilding.ground import Ground, code_of, open_ground
from service.rebuilding.missing import NotThere
from service.settings import Settings

# So many records are read and taken for the comparison alone, which takes seconds.
_MOST = 100_000


class FarApart(Exception):
    """The builds are too far from each other to be compared; the message says how far."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two builds as they are at `offsets`; `parked` are the entities that only one of them could not take, by build.

    Views that only one of them has are not compared, nor those without a key, whose rows may differ.
    """

    old: Build
    new: Build
    offsets: Offsets
    views: Sequence[Compared]
    only_old: Sequence[str]
    only_new: Sequence[str]
    keyless: Sequence[str]
    parked: Mapping[Build, Sequence[str]]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return all(view.same for view in self.views) and not any(self.parked.values())


async def diff(settings: Settings, name: str, tell: Tell, *, build: str | None = None, samples: int = 5) -> Difference:
    """Compare the build that is shown with the one of this label, or with the one that waits to be shown.

    Raises NotThere, NoCode, ChangedProjection, FarApart and StoreUnavailable.
    """
    async with open_ground(settings, name) as ground:
        listed = await ground.builds()
        old, new = shown(listed), meant(listed, name, build)
        if new.current:
            raise NotThere(f"{new.build.label} is what readers see: name another build")
        codes = code_of(old), code_of(new)
        async with ground.logs(*codes) as logs:
            with passing_faults():
                async with ground.pool.acquire() as connection:
                    looking = connection.transaction(isolation="repeatable_read")
                    await looking.start()
                    try:
                        return await _diff(ground, logs, connection, (old.build, new.build), codes, samples, tell)
                    finally:
                        await looking.rollback()


async def _diff(  # noqa: PLR0913  # where, what, and how much is shown
    ground: Ground,
    logs: Logs,
    connection: Connection,
    pair: tuple[Build, Build],
    codes: tuple[Projection, Projection],
    samples: int,
    tell: Tell,
) -> Difference:
    # One snapshot of both: each stands where its own rows do, and neither is held up from here on.
    await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    sights = [await open_sight(connection, ground.names, build) for build in pair]
    begins = await logs.begins()
    shared = ground.sources(codes[0]).keys() & ground.sources(codes[1]).keys()
    places = [place for place in begins if place[0] in shared]
    ends = {place: max(begins[place], *(sight.at.get(place, 0) for sight in sights)) for place in places}
    for sight, code, build in zip(sights, codes, pair, strict=True):
        await _bring(ground, logs, sight, code, build, begins, ends)
    (old_views, old_stand), (new_views, new_stand) = [
        await sight.views(code) for sight, code in zip(sights, codes, strict=True)
    ]
    views = [
        await compare(
            connection,
            view,
            codes[1].views[view].key,
            Side(old_views[view], old_stand[view]),
            Side(new_views[view], new_stand[view]),
            samples,
            tell,
        )
        for view in old_views
        if view in new_views and codes[1].views[view].key
    ]
    parked = [{entity for entities in sight.parked.values() for entity in entities} for sight in sights]
    return Difference(
        *pair,
        ends,
        views,
        [view for view in old_views if view not in new_views],
        [view for view in new_views if view not in old_views],
        [view for view in old_views if view in new_views and not codes[1].views[view].key],
        {pair[0]: sorted(parked[0] - parked[1]), pair[1]: sorted(parked[1] - parked[0])},
    )


async def _bring(  # noqa: PLR0913  # as above
    ground: Ground, logs: Logs, sight: Sight, code: Projection, build: Build, begins: Offsets, ends: Offsets
) -> None:
    """Have a build seen as it will be at these offsets."""
    starts = {place: max(begins[place], sight.at.get(place, 0)) for place in ends}
    lacking = sum(behind(starts, ends).values())
    if lacking > _MOST:
        raise FarApart(
            f"{build.label} stands {lacking:,} offsets behind: `fairlead projections rebuild {build.name}` brings up "
            f"one that waits to be shown; then compare them"
        )
    takings = ground.takings(code, sight, ends)
    for place, taking in takings.items():
        await taking.begin(starts[place])
    async for topic, partition, records in logs.between(starts, ends):
        await takings[topic, partition].take(records, records[-1].offset + 1)
