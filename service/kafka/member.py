"""A member of the handler's consumer group: the group says which partitions to try, the fence says whose they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, NoOffsetForPartitionError

from service.kafka.group import GroupMember
from service.kafka.owner import PartitionOwner, Terms

log = structlog.get_logger()

_READ_AHEAD = 2
_POLL_MS = 1_000


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


class Member:
    """Owns what the group assigns."""

    def __init__(
        self, terms: Terms, group: str, *, instance_id: str | None, max_records: int, session_timeout_ms: int
    ) -> None:
        def own(
            consumer: AIOKafkaConsumer, tp: TopicPartition, lost: Callable[[BaseException], None]
        ) -> PartitionOwner:
            return PartitionOwner(terms, tp.partition, PartitionFeed(consumer, tp, max_records, lost))

        self._group = GroupMember(
            terms.connection,
            group,
            [terms.topics.commands],
            own,
            instance_id=instance_id,
            session_timeout_ms=session_timeout_ms,
        )

    async def run(self) -> None:
        """Be a member until cancelled, then finish the batches at hand and leave."""
        await self._group.run()

    async def ready(self) -> None:
        """Return once every partition of the first assignment is owned."""
        await self._group.assigned.wait()
        await asyncio.gather(*(owner.owned.wait() for owner in self._group.workers.values()))
