"""All builds with how far each is, how many entities it could not take, and what is to become of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.kafka.logs import open_logs
from service.postgres.builds import Listed
from service.projections import every_version
from service.projections.level import Offsets, behind
from service.rebuilding.choosing import candidate
from service.rebuilding.ground import Ground, open_ground
from service.settings import Settings


async def list_builds(settings: Settings) -> Sequence[Mapping[str, Any]]:
    """A row for each build; `behind` counts the offsets up to where its logs end now.

    Raises StoreUnavailable, KafkaError, and LookupError where topics are missing.
    """
    async with open_ground(settings) as ground:
        listed = await ground.builds()
        # Before the ends are read, so that none seems to be further than its log.
        stands = [await ground.offsets(one.build) for one in listed]
        parked = [await ground.parked(one.build) for one in listed]
        topics = [_topics(ground, one, at) for one, at in zip(listed, stands, strict=True)]
        if not listed:
            return []
        async with open_logs(ground.kafka, set().union(*topics)) as logs:
            begins, ends = await logs.begins(), await logs.ends()
    names = {one.build.name for one in listed}
    waiting = {one.build for name in names if (one := _waiting(listed, name))}
    rows = []
    for one, at, its, entities in zip(listed, stands, topics, parked, strict=True):
        places = [place for place in sorted(ends) if place[0] in its]
        reached = {place: at.get(place, begins[place]) for place in places}
        rows.append(
            {
                "projection": one.build.name,
                "version": one.build.version,
                "build": one.build.number,
                "label": one.build.label,
                "current": one.current,
                "candidate": one.build in waiting,
                "followed": one.followed,
                "behind": sum(behind(reached, {place: ends[place] for place in places}).values()),
                "parked": entities,
                "made_at": one.made_at,
                "shown_at": one.shown_at,
                "drop_at": one.drop_at,
                "partitions": [
                    {
                        "topic": topic,
                        "partition": number,
                        "next_offset": reached[topic, number],
                        "end": ends[topic, number],
                    }
                    for topic, number in places
                ],
            }
        )
    return rows


def _topics(ground: Ground, one: Listed, at: Offsets) -> set[str]:
    code = every_version().get((one.build.name, one.build.version))
    return {topic for topic, _ in at} | set(ground.sources(code) if code else ())


def _waiting(listed: Sequence[Listed], name: str) -> Listed | None:
    return candidate([one for one in listed if one.build.name == name], every_version())
