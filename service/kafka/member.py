"""A member of the handler's consumer group: the group says which partitions to try, the fence says whose they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from aiokafka import TopicPartition

from service.kafka.bare import barely
from service.kafka.group import GroupMember
from service.kafka.membership import Membership
from service.kafka.owner import PartitionOwner
from service.kafka.partition_feed import PartitionFeed
from service.kafka.standby import Standbys
from service.kafka.terms import Terms
from service.kafka.unsafe import offset_gone
from service.status import Part


class Member:
    """Owns what the group assigns."""

    def __init__(  # noqa: PLR0913  # as GroupMember
        self,
        terms: Terms,
        group: str,
        *,
        instance_id: str | None,
        max_records: int,
        session_timeout_ms: int,
        watchdog_s: float,
    ) -> None:
        self._standby = terms.standby
        self._standbys = standbys = Standbys(terms)

        def own(membership: Membership[PartitionOwner], tp: TopicPartition) -> PartitionOwner:
            feed = PartitionFeed(membership.consumer, tp, max_records, membership.lost, partial(offset_gone, tp))
            return PartitionOwner(terms, tp.partition, feed, membership, standbys)

        self._group = GroupMember(
            barely(terms.connection),
            group,
            [terms.topics.commands],
            own,
            instance_id=instance_id,
            session_timeout_ms=session_timeout_ms,
            watchdog_s=watchdog_s,
        )

    async def run(self) -> None:
        """Be a member until cancelled, then finish the batches at hand and leave."""
        following = asyncio.create_task(self._follow(), name="standbys")
        try:
            await self._group.run()
        finally:
            following.cancel()
            await asyncio.wait({following})
            await self._standbys.stop()

    async def _follow(self) -> None:
        while self._standby:
            if self._group.assigned:
                await self._standbys.keep(lambda: {owner.partition for owner in self._group.workers})
            await self._group.change()

    async def ready(self) -> None:
        """Return once every partition that is assigned is owned, or stopped for good reason."""
        await self._group.until(lambda owner: owner.part.state in {"owned", "stopped"})

    def status(self) -> Sequence[Part]:
        """The group, and each partition that it assigns."""
        return [*self._group.status(), *self._standbys.parts()]
