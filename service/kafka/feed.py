"""A member of a projection's consumer group: the group says which partitions to read, the store says from where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.kafka.follower import Follower
from service.kafka.group import GroupMember
from service.kafka.topics import Topics
from service.projections.projection import Projection
from service.projections.store import Store


class ProjectionFeed:
    """Brings a store up to its topics, and keeps it there."""

    def __init__(  # noqa: PLR0913  # what is read, by what, into what, and as whom
        self,
        connection: Mapping[str, Any],
        prefix: str,
        projection: Projection,
        store: Store,
        *,
        instance_id: str | None,
        session_timeout_ms: int,
    ) -> None:
        sources = {Topics(one.aggregate, prefix).name(one.kind): one for one in projection.sources}

        def follow(consumer: AIOKafkaConsumer, tp: TopicPartition, lost: Callable[[BaseException], None]) -> Follower:
            return Follower(consumer, tp, sources[tp.topic], projection, store, lost)

        self._group = GroupMember(
            connection,
            f"{prefix}fairlead.projection.{projection.name}.v{projection.version}",
            list(sources),
            follow,
            instance_id=instance_id,
            session_timeout_ms=session_timeout_ms,
        )

    async def run(self) -> None:
        """Read until cancelled, then leave within seconds.

        Raises NotProjected, LogDiffers, LookupError where topics are missing, and what the store raises for good.
        """
        await self._group.run()

    async def ready(self) -> None:
        """Return once the group has assigned partitions, which may be none."""
        await self._group.assigned.wait()
