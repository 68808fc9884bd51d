"""One idempotent producer at a time once something is published, and another after a batch that failed for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer

from fairlead.bounds import MAX_VALUE_BYTES
from fairlead.failures import CLOSED
from fairlead.kafka.cluster import answering, require

# A broker holds a whole batch to the bound of a command.
_BATCH_BYTES = MAX_VALUE_BYTES // 2


@dataclass(eq=False, slots=True)
class _Lent:
    producer: AIOKafkaProducer
    users: int = 0
    spoilt: bool = False


class Producers:
    """Whoever publishes takes the producer anew each time, since it may have been replaced."""

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self._connection = connection
        self._current: _Lent | None = None
        self._taking = asyncio.Lock()
        # Those that are replaced stay here while something of theirs is under way.
        self._running: set[AIOKafkaProducer] = set()
        self._retiring: set[asyncio.Task[None]] = set()
        self._closed = False

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[AIOKafkaProducer]:
        """One for a batch, within the block until its outcome; raises Unreachable, and ConnectionError once closed."""
        async with self._lend() as lent:
            try:
                yield lent.producer
            except Exception:
                # aiokafka gives the sequence numbers of a failed batch to no other: the broker would take no later one.
                lent.spoilt = True
                raise

    async def partitions_for(self, topic: str) -> list[int]:
        """All partitions of a topic, in order; raises TopicsMissing, and as `delivering`."""
        async with self._lend() as lent:
            with answering(self._connection):
                await require(lent.producer.client, topic)
            return sorted(await lent.producer.partitions_for(topic))

    async def stop(self) -> None:
        """Let go of all, once what they were given is published."""
        self._closed = True
        await asyncio.gather(*map(self._stop, [*self._running]), *self._retiring, return_exceptions=True)

    async def cut_off(self) -> None:
        """Close the connections of those that hang in their stop: they would keep them, and open others."""
        for producer in [*self._running]:
            producer._sender.sender_task.cancel()  # noqa: SLF001  # there is no other way to it
            await producer.client.close()

    @asynccontextmanager
    async def _lend(self) -> AsyncIterator[_Lent]:
        lent = await self._take()
        lent.users += 1
        try:
            yield lent
        finally:
            lent.users -= 1
            if lent.spoilt and not lent.users:
                retiring = asyncio.create_task(self._stop(lent.producer))
                self._retiring.add(retiring)
                retiring.add_done_callback(self._retiring.discard)

    async def _take(self) -> _Lent:
        async with self._taking:
            self._require_open()
            if self._current is None or self._current.spoilt:
                self._current = _Lent(await self._started())
            return self._current

    async def _started(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self._connection, acks="all", enable_idempotence=True, max_batch_size=_BATCH_BYTES
        )
        with answering(self._connection):
            try:
                await producer.start()
                self._require_open()
            except BaseException:
                await producer.stop()
                raise
        self._running.add(producer)
        return producer

    async def _stop(self, producer: AIOKafkaProducer) -> None:
        await producer.stop()
        self._running.discard(producer)

    def _require_open(self) -> None:
        if self._closed:
            raise ConnectionError(CLOSED)
