"""The commands of one partition, read ahead of its owner by no more than a few batches: the log holds what waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, NoOffsetForPartitionError, OffsetOutOfRangeError

from service.kafka.unsafe import PartitionUnsafe

log = structlog.get_logger()

_READ_AHEAD = 2
_POLL_MS = 1_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Records, none where only markers of transactions were passed; where reading goes on, and where the log ends."""

    records: Sequence[Any]
    next_offset: int
    end: int


class CommandsFeed:
    """Reads between `start` and `stop`; `waiting_at` is what the broker has been asked for."""

    def __init__(
        self, consumer: AIOKafkaConsumer, tp: TopicPartition, max_records: int, lost: Callable[[BaseException], None]
    ) -> None:
        self.waiting_at: int | None = None
        self._consumer = consumer
        self._tp = tp
        self._max_records = max_records
        self._lost = lost
        self._queue: asyncio.Queue[Batch | PartitionUnsafe] = asyncio.Queue(_READ_AHEAD)
        self._task: asyncio.Task[None] | None = None

    def start(self, next_offset: int) -> None:
        """Read from here."""
        self._consumer.seek(self._tp, next_offset)
        self._consumer.resume(self._tp)
        self._task = asyncio.create_task(self._read(next_offset), name=f"feed {self._tp.topic}[{self._tp.partition}]")

    def stop(self) -> None:
        """Read no more, and forget what was read ahead."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.waiting_at = None
        while not self._queue.empty():
            self._queue.get_nowait()
        with suppress(IllegalStateError):
            self._consumer.pause(self._tp)

    async def next(self, seconds: float) -> Batch | None:
        """The next batch, None where there is none for so long; raises PartitionUnsafe."""
        try:
            async with asyncio.timeout(seconds):
                batch = await self._queue.get()
        except TimeoutError:
            return None
        if isinstance(batch, PartitionUnsafe):
            raise batch
        return batch

    async def _read(self, at: int) -> None:
        try:
            while True:
                self.waiting_at = at
                try:
                    batches = await self._consumer.getmany(self._tp, timeout_ms=_POLL_MS, max_records=self._max_records)
                except NoOffsetForPartitionError:
                    # From before our seek, when aiokafka looked for a group offset in the background.
                    continue
                reached = await self._consumer.position(self._tp)
                if reached > at:
                    at, self.waiting_at = reached, None
                    records = batches.get(self._tp, [])
                    await self._queue.put(Batch(records, reached, self._consumer.highwater(self._tp) or reached))
        except OffsetOutOfRangeError:
            await self._queue.put(PartitionUnsafe(self._explain(at)))
        except IllegalStateError:
            # Taken away in a rebalance: the listener stops the owner.
            log.debug("partition no longer assigned", topic=self._tp.topic, partition=self._tp.partition)
        except Exception as error:  # noqa: BLE001  # a feed that ends in silence would look like an idle partition
            self._lost(error)

    def _explain(self, at: int) -> str:
        return (
            f"{self._tp.topic}[{self._tp.partition}] has no offset {at}, which is the next to be judged: give the "
            "partition back its own commands, or recreate all five topics of the aggregate together"
        )
