"""One client's life in a consumer group, as aiokafka allows it safely: from joining to leaving, or to its failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Generic

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from service.kafka.assignor import sticky_assignor
from service.kafka.coordination import Coordination
from service.kafka.stopping import stop_within
from service.kafka.watchdog import watch
from service.kafka.workers import W, Workers

_LAG_SECONDS = 5.0
_CHECK_SECONDS = 1.0
_LEAVE_SECONDS = 2.0
# By its metadata a topic is seen that was made anew under the same name.
_METADATA_MS = 30_000

# Who is assigned nothing, replays for long or waits for a store does not poll; aiokafka would leave the group for it,
# and not come back. The fence and the compared offset, not the group, say who may write.
_MAX_POLL_MS = 2**31 - 1


class Membership(ConsumerRebalanceListener, Generic[W]):  # type: ignore[misc]  # aiokafka's base class has no types
    """Has a worker, which `start` makes, for each assigned partition; `changed` is told when one stands otherwise."""

    def __init__(  # noqa: PLR0913  # where, as whom, and to do what
        self,
        connection: Mapping[str, Any],
        group: str,
        topics: Sequence[str],
        start: Callable[[Membership[W], TopicPartition], W],
        changed: Callable[[], None],
        *,
        instance_id: str | None,
        session_timeout_ms: int,
        watchdog_s: float,
    ) -> None:
        self.workers = Workers(partial(start, self))
        self.assigned = False
        self.changed = changed
        self._connection = connection
        self._topics = topics
        self._watchdog_s = watchdog_s
        self._stopping = False
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._assignor = sticky_assignor()
        self.consumer = AIOKafkaConsumer(
            **connection,
            group_id=group,
            group_instance_id=instance_id,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            partition_assignment_strategy=(self._assignor,),
            session_timeout_ms=session_timeout_ms,
            # By its answer a member learns that another has left, and whose work waits.
            heartbeat_interval_ms=min(1_000, session_timeout_ms // 3),
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=_MAX_POLL_MS,
            max_partition_fetch_bytes=4 << 20,
            fetch_max_wait_ms=500,
            metadata_max_age_ms=_METADATA_MS,
            retry_backoff_ms=20,
        )

    async def run(self) -> None:
        """Be a member until cancelled, then drain and leave within seconds.

        Raises LookupError where topics are missing, Stuck, KafkaError, and what a worker could not mend.
        """
        watching: list[asyncio.Task[None]] = []
        coordination: Coordination | None = None
        try:
            await self.consumer.start()
            if missing := sorted(set(self._topics) - await self.consumer.topics()):
                raise LookupError(f"{', '.join(missing)}: missing; `fairlead topics apply` creates them")
            self._coordination = coordination = Coordination(self.consumer)
            self.consumer.subscribe(list(self._topics), listener=self)
            tasks = self._check(), self._publish_lag(), watch(self._connection, self.workers.waiting, self._watchdog_s)
            watching += [asyncio.create_task(task) for task in tasks]
            await asyncio.wait({self._failed, *watching}, return_when=asyncio.FIRST_COMPLETED)
            for ended in (self._failed, *watching):
                if ended.done():
                    ended.result()
        finally:
            for task in watching:
                task.cancel()
            await self._leave(coordination)

    async def _leave(self, coordination: Coordination | None) -> None:
        # Whatever is assigned from now on is the next member's.
        self._stopping = True
        await self.workers.stop()
        if coordination is not None:
            coordination.leave()
        await stop_within(self.consumer, _LEAVE_SECONDS)

    def lost(self, error: BaseException) -> None:
        """End the membership by an error that a worker cannot mend."""
        if not self._failed.done():
            self._failed.set_exception(error)

    async def heartbeat(self) -> None:
        """Return after the next heartbeat that the group answered well."""
        await self._coordination.heartbeat()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Pause first, and return at once: no heartbeat runs in here, and getmany would already hand out records."""
        self.consumer.pause(*assigned)
        if self._stopping:
            return
        self._assignor.on_generation_assignment(self._coordination.generation)
        self.workers.assign(assigned)
        self.assigned = True
        self.changed()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Rest within a bound; what still gets through is stopped where it would be written.

        Without KIP-848 all partitions are revoked, and most come back.
        """
        await self.workers.suspend(revoked)

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            self._coordination.check()

    async def _publish_lag(self) -> None:
        """Commit group offsets now and then: nothing reads them but the tools that show lag."""
        while True:
            await asyncio.sleep(_LAG_SECONDS)
            if offsets := self.workers.next_offsets():
                with suppress(KafkaError, IllegalStateError):
                    await self.consumer.commit(offsets)
