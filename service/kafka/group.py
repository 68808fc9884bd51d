"""Membership in a consumer group as aiokafka allows it safely, for whoever works on the partitions it assigns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

_LAG_SECONDS = 5.0
_STOP_SECONDS = 5.0

# Who is assigned nothing, replays for long or waits for a store does not poll; aiokafka would leave the group for it,
# and not come back. The fence and the compared offset, not the group, say who may write.
_MAX_POLL_MS = 2**31 - 1


class Worker(Protocol):
    """Works on one partition from its making on."""

    @property
    def next_offset(self) -> int | None:
        """What it would work on next, None while that is not known."""

    async def stop(self, seconds: float) -> None:
        """Let go within about this time."""


W = TypeVar("W", bound=Worker)
Start = Callable[[AIOKafkaConsumer, TopicPartition, Callable[[BaseException], None]], W]


class GroupMember(ConsumerRebalanceListener, Generic[W]):  # type: ignore[misc]  # aiokafka's base class has no types
    """Has a worker for each assigned partition; `start` makes one, and gives it whom to tell of what cannot be mended.

    `assigned` is set once the group has assigned partitions, which may be none.
    """

    def __init__(  # noqa: PLR0913  # where, as whom, and to do what
        self,
        connection: Mapping[str, Any],
        group: str,
        topics: Sequence[str],
        start: Start[W],
        *,
        instance_id: str | None,
        session_timeout_ms: int,
    ) -> None:
        self.workers: dict[TopicPartition, W] = {}
        self.assigned = asyncio.Event()
        self._topics = topics
        self._start = start
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._consumer = AIOKafkaConsumer(
            **connection,
            group_id=group,
            group_instance_id=instance_id,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=min(3_000, session_timeout_ms // 3),
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=_MAX_POLL_MS,
            max_partition_fetch_bytes=4 << 20,
            fetch_max_wait_ms=500,
            retry_backoff_ms=20,
        )

    async def run(self) -> None:
        """Be a member until cancelled, then drain and leave within seconds.

        Raises LookupError where topics are missing, and what a worker could not mend.
        """
        lag = asyncio.create_task(self._publish_lag(), name=f"lag of {', '.join(self._topics)}")
        try:
            await self._consumer.start()
            if missing := sorted(set(self._topics) - await self._consumer.topics()):
                raise LookupError(f"{', '.join(missing)}: missing; `fairlead topics apply` creates them")
            self._consumer.subscribe(list(self._topics), listener=self)
            await self._failed
        finally:
            lag.cancel()
            await self._release(self.workers.keys())
            with suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(self._consumer.stop(), _STOP_SECONDS)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Pause first, and return at once: no heartbeat runs in here, and getmany would already hand out records."""
        self._consumer.pause(*assigned)
        for tp in assigned:
            self.workers[tp] = self._start(self._consumer, tp, self._fail)
        self.assigned.set()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Let go within a bound; what still gets through is stopped where it would be written."""
        await self._release(revoked)

    async def _release(self, tps: Collection[TopicPartition]) -> None:
        workers = [self.workers.pop(tp) for tp in list(tps) if tp in self.workers]
        await asyncio.gather(*(worker.stop(_STOP_SECONDS) for worker in workers))

    def _fail(self, error: BaseException) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)

    async def _publish_lag(self) -> None:
        """Commit group offsets now and then: nothing reads them but the tools that show lag."""
        while True:
            await asyncio.sleep(_LAG_SECONDS)
            offsets = {tp: worker.next_offset for tp, worker in self.workers.items() if worker.next_offset}
            if offsets:
                with suppress(KafkaError, IllegalStateError):
                    await self._consumer.commit(offsets)
