"""Commands go to their partitions in batches of whatever came meanwhile, without a wait for each one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka.errors import MessageSizeTooLargeError

from fairlead.failures import CLOSED, TooLarge, again
from fairlead.kafka.pacing import breathe
from fairlead.kafka.partitions import known_partition_of
from fairlead.kafka.producers import Producers
from fairlead.outgoing import Outgoing


class _Waiting(NamedTuple):
    key: bytes
    command: Outgoing
    told: asyncio.Future[Any]
    confirm: bool


class Lanes:
    """The partitions of one topic of commands."""

    def __init__(self, producers: Producers, topic: str, partitions: Sequence[int]) -> None:
        self._lanes = [_Lane(producers, topic, number) for number in partitions]

    def put(self, command: Outgoing, told: asyncio.Future[Any], *, confirm: bool = False) -> None:
        """Have it published; `told` gets the exception where that fails, and None where it is to be confirmed.

        What nobody waits for any more when its turn comes is not published.
        """
        key = command.entity_id.encode()
        self._lanes[known_partition_of(key, len(self._lanes))].put(_Waiting(key, command, told, confirm))

    async def close(self) -> None:
        """Publish nothing more."""
        await asyncio.gather(*(lane.close() for lane in self._lanes))


class _Lane:
    def __init__(self, producers: Producers, topic: str, partition: int) -> None:
        self._producers = producers
        self._place = topic, partition
        self._queue: deque[_Waiting] = deque()
        self._some = asyncio.Event()
        self._under_way: Sequence[_Waiting] = ()
        self._task = asyncio.create_task(self._deliver())

    def put(self, waiting: _Waiting) -> None:
        # While no broker answers, those who gave up are not to fill the memory.
        while self._queue and self._queue[0].told.done():
            self._queue.popleft()
        self._queue.append(waiting)
        self._some.set()

    async def _deliver(self) -> None:
        topic, partition = self._place
        while True:
            await self._some.wait()
            self._under_way = ()
            try:
                async with self._producers.delivering() as producer:
                    batch = producer.create_batch()
                    self._under_way = self._fill(batch)
                    if self._under_way:
                        delivered = await producer.send_batch(batch, topic, partition=partition)
                        await delivered
            except Exception as error:  # noqa: BLE001  # whatever it is, it is told to those who wait
                # Where no producer could be had nothing is under way, and all who wait are told.
                _fail(self._under_way or self._emptied(), error)
            else:
                for waiting in self._under_way:
                    if waiting.confirm and not waiting.told.done():
                        waiting.told.set_result(None)
            await breathe(len(self._under_way))

    def _emptied(self) -> Sequence[_Waiting]:
        waiting = [*self._queue]
        self._queue.clear()
        self._some.clear()
        return waiting

    def _fill(self, batch: Any) -> Sequence[_Waiting]:
        taken = []
        while self._queue:
            waiting = self._queue[0]
            if not waiting.told.done():
                key, command, _, _ = waiting
                if batch.append(timestamp=None, key=key, value=command.value, headers=command.headers) is None:
                    break
                taken.append(waiting)
            self._queue.popleft()
        else:
            self._some.clear()
        batch.close()
        return taken

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        _fail([*self._under_way, *self._queue], ConnectionError(CLOSED))


def _fail(waiting: Sequence[_Waiting], error: Exception) -> None:
    for _, command, told, _ in waiting:
        if not told.done():
            told.set_exception(_meaning(error, command))


def _meaning(error: Exception, command: Outgoing) -> Exception:
    if isinstance(error, MessageSizeTooLargeError):
        return TooLarge(f"The broker takes no command of {len(command.value)} bytes; it was not sent")
    return again(error)
