"""A member of the handler's consumer group: the group says which partitions to try, the fence says whose they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, NoOffsetForPartitionError

from service.kafka.owner import PartitionOwner, Terms

log = structlog.get_logger()

_READ_AHEAD = 2
_POLL_MS = 1_000
_REVOKE_SECONDS = 5.0
_LAG_SECONDS = 5.0

# Who owns nothing, or replays for long, does not poll; aiokafka would leave the group for it, and not come back.
_MAX_POLL_MS = 2**31 - 1


class PartitionFeed:
    """Reads one partition ahead of its owner, by no more than a few batches."""

    def __init__(
        self, consumer: AIOKafkaConsumer, tp: TopicPartition, max_records: int, lost: Callable[[BaseException], None]
    ) -> None:
        self._consumer = consumer
        self._tp = tp
        self._max_records = max_records
        self._lost = lost
        self._queue: asyncio.Queue[Sequence[Any]] = asyncio.Queue(_READ_AHEAD)
        self._task: asyncio.Task[None] | None = None

    def start(self, next_offset: int) -> None:
        """Read from here."""
        self._consumer.seek(self._tp, next_offset)
        self._consumer.resume(self._tp)
        self._task = asyncio.create_task(self._read(), name=f"feed {self._tp.topic}[{self._tp.partition}]")

    def stop(self) -> None:
        """Read no more, and forget what was read ahead."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._queue = asyncio.Queue(_READ_AHEAD)
        with suppress(IllegalStateError):
            self._consumer.pause(self._tp)

    async def next(self) -> Sequence[Any]:
        """The next records, at least one."""
        return await self._queue.get()

    async def _read(self) -> None:
        queue = self._queue
        try:
            while True:
                try:
                    batches = await self._consumer.getmany(self._tp, timeout_ms=_POLL_MS, max_records=self._max_records)
                except NoOffsetForPartitionError:
                    # From before our seek, when aiokafka looked for a group offset in the background.
                    continue
                if records := batches.get(self._tp):
                    await queue.put(records)
        except IllegalStateError:
            # Taken away in a rebalance: the listener stops the owner.
            log.debug("partition no longer assigned", topic=self._tp.topic, partition=self._tp.partition)
        except Exception as error:  # noqa: BLE001  # a feed that ends in silence would look like an idle partition
            self._lost(error)


class Member(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka's base class has no types
    """Owns what the group assigns; `faults` names the partitions that were stopped because going on was unsafe."""

    def __init__(
        self, terms: Terms, group: str, *, instance_id: str | None, max_records: int, session_timeout_ms: int
    ) -> None:
        self.faults: list[str] = []
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._assigned = asyncio.Event()
        self._terms = terms
        self._max_records = max_records
        self._owners: dict[TopicPartition, PartitionOwner] = {}
        self._consumer = AIOKafkaConsumer(
            **terms.connection,
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
        """Be a member until cancelled, then drain and leave."""
        self._consumer.subscribe([self._terms.topics.commands], listener=self)
        await self._consumer.start()
        lag = asyncio.create_task(self._publish_lag(), name="lag")
        try:
            await self.failed
        finally:
            lag.cancel()
            await self._release(self._owners.keys())
            with suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(self._consumer.stop(), _REVOKE_SECONDS)

    async def ready(self) -> None:
        """Return once every partition of the first assignment is owned."""
        await self._assigned.wait()
        await asyncio.gather(*(owner.owned.wait() for owner in self._owners.values()))

    def states(self) -> Mapping[int, bool]:
        """For each assigned partition whether it is being judged."""
        return {tp.partition: owner.owned.is_set() for tp, owner in self._owners.items()}

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Pause first, and return at once: no heartbeat runs in here, and getmany would already hand out records."""
        self._consumer.pause(*assigned)
        for tp in assigned:
            feed = PartitionFeed(self._consumer, tp, self._max_records, self._fail)
            self._owners[tp] = PartitionOwner(self._terms, tp.partition, feed, self.faults.append)
        self._assigned.set()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Finish the batches at hand within a bound; the next owner's fence ends what does not."""
        await self._release(revoked)

    async def _release(self, tps: Collection[TopicPartition]) -> None:
        owners = [self._owners.pop(tp) for tp in list(tps) if tp in self._owners]
        await asyncio.gather(*(owner.stop(_REVOKE_SECONDS) for owner in owners))

    def _fail(self, error: BaseException) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)

    async def _publish_lag(self) -> None:
        """Commit group offsets now and then: nothing reads them but the tools that show lag."""
        while True:
            await asyncio.sleep(_LAG_SECONDS)
            offsets = {tp: owner.next_offset for tp, owner in self._owners.items() if owner.next_offset}
            if offsets:
                with suppress(KafkaError, IllegalStateError):
                    await self._consumer.commit(offsets)
