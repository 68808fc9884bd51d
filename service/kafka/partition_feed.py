"""The records of one partition, read ahead of who works on them by no more than a batch: the log holds what waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, NoOffsetForPartitionError, OffsetOutOfRangeError

log = structlog.get_logger()

# So many batches may lie ready, as one, and no more once they have so many bytes: commands may be large.
_READ_AHEAD = 1
_READ_AHEAD_BYTES = 8 << 20
_POLL_MS = 1_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Records, none where only markers of transactions were passed; where reading goes on, and where the log ends."""

    records: list[Any]
    next_offset: int
    end: int


class PartitionFeed:
    """Reads between `start` and `stop`; `waiting_at` is what the broker has been asked for.

    What comes while a batch is worked on becomes one batch, however many fetches bring it: records that are left lying
    hold up aiokafka's next fetch for all partitions, by 0.1 s at most, and each batch takes a transaction.
    `lost` hears of what cannot be waited for; `gone` says what it means that the log has not the offset that is next.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        tp: TopicPartition,
        max_records: int,
        lost: Callable[[BaseException], None],
        gone: Callable[[int], Exception],
    ) -> None:
        self.waiting_at: int | None = None
        self._consumer = consumer
        self._tp = tp
        self._max_records = max_records
        self._lost = lost
        self._gone = gone
        self._ahead: Batch | None = None
        self._bytes_ahead = 0
        self._fault: Exception | None = None
        self._some, self._room = asyncio.Event(), asyncio.Event()
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
        self._ahead = self._fault = None
        self._bytes_ahead = 0
        self._some.clear()
        with suppress(IllegalStateError):
            self._consumer.pause(self._tp)

    async def next(self, seconds: float) -> Batch | None:
        """The next batch, None where there is none for so long; raises what `gone` makes of its offset."""
        try:
            async with asyncio.timeout(seconds):
                await self._some.wait()
        except TimeoutError:
            return None
        batch, self._ahead, self._bytes_ahead = self._ahead, None, 0
        self._room.set()
        if self._fault is None:
            self._some.clear()
        elif batch is None:
            raise self._fault
        return batch

    async def _read(self, at: int) -> None:
        try:
            while True:
                self.waiting_at = at
                try:
                    most = min(self._max_records, self._left())
                    batches = await self._consumer.getmany(self._tp, timeout_ms=_POLL_MS, max_records=most)
                except NoOffsetForPartitionError:
                    # From before our seek, when aiokafka looked for a group offset in the background.
                    continue
                reached = await self._consumer.position(self._tp)
                if reached > at:
                    at, self.waiting_at = reached, None
                    self._add(batches.get(self._tp, []), reached, self._consumer.highwater(self._tp) or reached)
                    while self._left() <= 0 or self._bytes_ahead >= _READ_AHEAD_BYTES:
                        self._room.clear()
                        await self._room.wait()
        except OffsetOutOfRangeError:
            self._fault = self._gone(at)
            self._some.set()
        except IllegalStateError:
            # Taken away in a rebalance: the listener stops the owner.
            log.debug("partition no longer assigned", topic=self._tp.topic, partition=self._tp.partition)
        except Exception as error:  # noqa: BLE001  # a feed that ends in silence would look like an idle partition
            self._lost(error)

    def _left(self) -> int:
        return _READ_AHEAD * self._max_records - (len(self._ahead.records) if self._ahead else 0)

    def _add(self, records: list[Any], next_offset: int, end: int) -> None:
        self._bytes_ahead += sum(map(_size, records))
        if self._ahead is not None:
            self._ahead.records.extend(records)
            records = self._ahead.records
        self._ahead = Batch(records, next_offset, end)
        self._some.set()


def _size(record: Any) -> int:
    size = len(record.value or b"")
    for _, value in record.headers:
        size += len(value or b"")
    return size
