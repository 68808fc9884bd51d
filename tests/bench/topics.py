"""The topics of one turn, which are gone after it: the disk holds no more than one turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # as its documentation says

from service import app
from service.settings import Settings
from tests.bench.failure import BenchFailed
from tests.running import PARTITIONS

# When replies were written is read from them afterwards, so that nothing measures while they are. Those of the
# service carry the command's time otherwise; no decision of one life, and nothing the checker compares, looks at it.
BROKER_TIME = {"message.timestamp.type": "LogAppendTime", "retention.ms": "604800000"}
_SECONDS = 60.0
_STEP = 10_000


async def make_topics(settings: Settings) -> None:
    """The service's, whose replies tell when the broker took them."""
    await create(settings.bootstrap_servers, {f"{settings.prefix}ship.replies": BROKER_TIME})
    await app.apply_topics(settings, partitions=PARTITIONS, replication=1)


async def create(bootstrap_servers: str, topics: Mapping[str, dict[str, str]]) -> None:
    """Make topics with these settings."""
    new = [NewTopic(name, PARTITIONS, 1, config=config) for name, config in topics.items()]
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})  # which must outlive what it is asked
    await _settled(admin.create_topics(new).values())


async def delete_topics(bootstrap_servers: str, prefix: str) -> None:
    """All topics of this prefix, and what is in them."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    found = await asyncio.to_thread(admin.list_topics, timeout=_SECONDS)
    await _settled(admin.delete_topics([name for name in found.topics if name.startswith(prefix)]).values())


async def _settled(futures: Iterable[Any]) -> None:
    await asyncio.to_thread(lambda: [future.result(_SECONDS) for future in futures])


def producer(bootstrap_servers: str, **others: object) -> Producer:
    """One that knows where the service looks for a key."""
    return Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "batch.size": 256 * 1024,
            "log_level": 3,  # what it mends by itself is no news
            **others,
        }
    )


def consumer(bootstrap_servers: str) -> Consumer:
    """One of what is committed, which reads nothing yet."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "not-used",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 10,
            "log_level": 3,
        }
    )


def whole(topic: str) -> list[TopicPartition]:
    """All of a topic, from its beginning."""
    return [TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)]


async def committed(bootstrap_servers: str, topic: str) -> AsyncIterator[Message]:
    """All records of a topic that nobody writes to any more; raises BenchFailed."""
    reading, moved = consumer(bootstrap_servers), monotonic()
    reading.assign(whole(topic))
    open_ = set(range(PARTITIONS))
    try:
        while open_:
            # In short steps, so that Ctrl-C need not wait.
            messages = await asyncio.to_thread(reading.consume, _STEP, 0.2)
            moved = monotonic() if messages else moved
            for message in messages:
                if (error := message.error()) is None:
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # its only name
                    open_.discard(message.partition() or 0)
                else:
                    raise BenchFailed(f"{topic} cannot be read: {error}; run it again")
            if monotonic() > moved + _SECONDS:
                raise BenchFailed(f"{topic} could not be read to its end: see why a transaction is open there")
    finally:
        reading.close()


async def preload(
    bootstrap_servers: str, topic: str, records: Sequence[Sequence[Any]], told: Callable[[int], None]
) -> None:
    """Publish all of these, each a key, a value, and headers or not, and return once they are acknowledged.

    Raises BenchFailed.
    """
    failed: list[str] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failed.append(str(error))

    publishing = producer(bootstrap_servers, **{"linger.ms": 20, "queue.buffering.max.messages": len(records) + 1_000})

    def publish(some: Sequence[Sequence[Any]]) -> None:
        for key, value, *headers in some:
            publishing.produce(
                topic, key=key, value=value, headers=headers[0] if headers else None, on_delivery=delivered
            )
        publishing.poll(0)

    try:
        for start in range(0, len(records), _STEP):
            await asyncio.to_thread(publish, records[start : start + _STEP])
            told(start)
        left = await asyncio.to_thread(publishing.flush, _SECONDS)
    except BaseException:
        publishing.purge()  # nobody is to wait for them after a Ctrl-C
        raise
    if left or failed:
        raise BenchFailed(f"{left + len(failed)} records were not taken by {topic}: {failed[:1]}; run it again")
