"""A member of a projection's consumer group: the group says which partitions to read, the store says from where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition

from service.kafka.bare import barely
from service.kafka.follower import Follower
from service.kafka.group import GroupMember
from service.kafka.membership import Membership
from service.kafka.topics import Topics
from service.projections.build import Build
from service.projections.pace import Pace, PacedTaking
from service.projections.projection import Projection
from service.projections.store import Store
from service.projections.stored import Source
from service.projections.taking import Taking
from service.status import Part


def group_of(prefix: str, build: Build) -> str:
    """The consumer group of those who keep a build up."""
    return f"{prefix}fairlead.projection.{build.label}"


def sources_of(prefix: str, projection: Projection) -> dict[str, Source]:
    """What a version reads, by the names of the topics."""
    return {Topics(one.aggregate, prefix).name(one.kind): one for one in projection.sources}


class ProjectionFeed:
    """Brings a build up to its topics, and keeps it there.

    Where it is `patient`, a partition whose log differs waits for a person, and the others go on.
    """

    def __init__(  # noqa: PLR0913  # what is read, by what, into what, and as whom
        self,
        connection: Mapping[str, Any],
        prefix: str,
        projection: Projection,
        build: Build,
        store: Store,
        *,
        pace: Pace | None = None,
        patient: bool = True,
        instance_id: str | None,
        session_timeout_ms: int,
        watchdog_s: float,
    ) -> None:
        sources = sources_of(prefix, projection)

        def follow(membership: Membership[Follower], tp: TopicPartition) -> Follower:
            place = projection, sources[tp.topic], store, tp.topic, tp.partition
            taking = PacedTaking(pace, *place) if pace else Taking(*place)
            return Follower(membership, tp, build, taking, patient=patient)

        self._group = GroupMember(
            barely(connection),
            group_of(prefix, build),
            list(sources),
            follow,
            instance_id=instance_id,
            session_timeout_ms=session_timeout_ms,
            watchdog_s=watchdog_s,
        )

    async def run(self) -> None:
        """Read until cancelled, then leave within seconds.

        Raises LogDiffers where it is not patient, LookupError where topics are missing, and what the store raises for
        good.
        """
        await self._group.run()

    async def ready(self) -> None:
        """Return once the group has assigned partitions, which may be none."""
        await self._group.until(lambda _: True)

    def status(self) -> Sequence[Part]:
        """The group, and each partition that it assigns."""
        return self._group.status()
