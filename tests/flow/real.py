"""The running service on a real Kafka and PostgreSQL, as any other program sees it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from service.app import apply_topics, run_handler
from service.commands.identity import reply_id
from service.domain import AGGREGATES
from service.settings import Settings
from tests.flow.harness import PARTITIONS, Message, Place

_PATIENCE = 60.0
_READ = ("events", "replies", "dead-letters", "snapshots")


class Real:
    """Publishes commands, and remembers everything committed that it has read."""

    def __init__(self, prefix: str, producer: AIOKafkaProducer, reader: AIOKafkaConsumer) -> None:
        self._prefix = prefix
        self._producer = producer
        self._reader = reader
        self._read: dict[str, list[Message]] = defaultdict(list)
        self._more = asyncio.Condition()

    async def publish(
        self,
        aggregate: str,
        key: bytes | None,
        value: bytes | None,
        *,
        headers: Sequence[tuple[str, bytes | None]] = (),
        partition: int | None = None,
    ) -> Place:
        """Append to the commands; aiokafka's default partitioner is Kafka's murmur2."""
        topic = f"{self._prefix}{aggregate}.commands"
        if value is None and key is None and partition is None:
            partition = 0
        sent = await self._producer.send_and_wait(topic, value, key=key, headers=headers, partition=partition)
        return Place(aggregate, sent.partition, sent.offset)

    async def reply(self, place: Place, by: Place | None = None) -> Message:
        """The reply to a command, or that to it when the one at another place redrove it."""
        id_ = reply_id(place.aggregate, place.partition, place.offset, None if by is None else by.offset)
        return await self._first(f"{place.aggregate}.replies", lambda reply: reply.json["id"] == id_)

    async def dead_letter(self, place: Place) -> Message:
        """What was put aside of a command."""
        offset = ("fairlead-offset", str(place.offset).encode())
        return await self._first(
            f"{place.aggregate}.dead-letters",
            lambda letter: letter.partition == place.partition and offset in letter.headers,
        )

    async def events(self, aggregate: str, entity_id: str) -> list[Message]:
        """All events of an entity that are committed by now."""
        return await self._all(f"{self._prefix}{aggregate}.events", entity_id)

    async def snapshots(self, aggregate: str, entity_id: str) -> list[Message]:
        """All records that say from which command on an entity is parked."""
        return await self._all(f"{self._prefix}{aggregate}.snapshots", entity_id)

    async def _all(self, topic: str, entity_id: str) -> list[Message]:
        ends = await self._reader.end_offsets([TopicPartition(topic, number) for number in range(PARTITIONS)])
        async with asyncio.timeout(_PATIENCE), self._more:
            while not await self._reached(ends):
                await self._more.wait()
        return [message for message in self._read[topic] if message.key == entity_id.encode()]

    async def _reached(self, ends: dict[TopicPartition, int]) -> bool:
        return all([await self._reader.position(tp) >= end for tp, end in ends.items()])

    async def _first(self, kind: str, matches: Callable[[Message], bool]) -> Message:
        topic = self._prefix + kind
        async with asyncio.timeout(_PATIENCE), self._more:
            while True:
                if found := next(filter(matches, self._read[topic]), None):
                    return found
                await self._more.wait()

    async def read(self) -> None:
        """Go on reading until cancelled."""
        while True:
            batches = await self._reader.getmany(timeout_ms=200)
            async with self._more:
                for tp, records in batches.items():
                    self._read[tp.topic] += [_message(tp.partition, record) for record in records]
                self._more.notify_all()


def _message(partition: int, record: Any) -> Message:
    return Message(partition, record.key, record.value, record.headers)


@asynccontextmanager
async def running_service(bootstrap_servers: str, database_url: str, prefix: str) -> AsyncIterator[Real]:
    """A handler of all aggregates on topics of its own, and a publisher beside it."""
    settings = Settings(
        bootstrap_servers=bootstrap_servers, database_url=database_url, prefix=prefix, allow_import=True
    )
    await apply_topics(settings, partitions=PARTITIONS, replication=1)
    reader = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    topics = [f"{prefix}{aggregate}.{kind}" for aggregate in AGGREGATES for kind in _READ]
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers) as producer, reader:
        reader.assign([TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)])
        real = Real(prefix, producer, reader)
        tasks = [asyncio.create_task(run_handler(settings, [*AGGREGATES])), asyncio.create_task(real.read())]
        try:
            yield real
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
