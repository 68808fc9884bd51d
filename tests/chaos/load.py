"""Commands for ships without end, published steadily or at once, and when each reply to them came."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from random import Random
from uuid import UUID

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka import Message as Delivered

from tests.running import PARTITIONS

_SECONDS = 60.0
_TICK = 0.02
_READY_MADE = 20_000
_PORTS = ("Rio", "Singapore", "Hamburg")
_ITEMS = ("tea", "copper")


class Load:
    """Publishes to the ships' commands under a prefix."""

    def __init__(self, bootstrap_servers: str, prefix: str, *, ships: int = 40, seed: int = 1) -> None:
        self.published = 0
        self._topic = f"{prefix}ship.commands"
        self._random = Random(seed)
        self._ships = [str(UUID(int=self._random.getrandbits(128), version=4)) for _ in range(ships)]
        self._failed: list[str] = []
        self._places: set[tuple[int, int]] = set()
        self._repeated = 0
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 5,
                "batch.size": 256 * 1024,
                "queue.buffering.max.messages": 2_000_000,
            }
        )

    @property
    def acknowledged(self) -> int:
        """How many of those sent Kafka said to have, each at a place of its own: no more than that can be handled."""
        return len(self._places) + self._repeated

    def burst(self, count: int) -> None:
        """Publish so many at once."""
        for _ in range(count):
            ship = self._random.choice(self._ships)
            self.send(ship, command(self._random, ship))

    def many(self, count: int) -> None:
        """Publish so many as fast as it goes: some ready-made ones again and again, each time with another id."""
        ready = []
        for ship in self._random.choices(self._ships, k=_READY_MADE):
            head, tail = command(self._random, ship).split(b'"id":"')
            ready.append((ship, head + b'"id":"', tail[8:]))
        for number in range(count):
            ship, head, tail = ready[number % _READY_MADE]
            self._producer.produce(self._topic, key=ship, value=b"%s%08x%s" % (head, number, tail))
            if number % _READY_MADE == 0:
                self._producer.poll(0)
        self.published += count

    def send(self, ship: str, value: bytes) -> None:
        """Publish one for this ship."""
        self._producer.produce(self._topic, key=ship, value=value, on_delivery=self._told)
        self._producer.poll(0)
        self.published += 1

    def settle(self) -> None:
        """Return once all is acknowledged."""
        left = self._producer.flush(_SECONDS)
        assert not left, f"{left} were not acknowledged"
        assert not self._failed, self._failed[:3]

    @asynccontextmanager
    async def steady(self, per_second: int) -> AsyncIterator[None]:
        """Publish so many a second until exit."""
        publishing = asyncio.create_task(self._publish(per_second))
        try:
            yield
        finally:
            publishing.cancel()
            await asyncio.wait({publishing})
            await asyncio.to_thread(self.settle)

    async def _publish(self, per_second: int) -> None:
        began, done = time.monotonic(), 0
        while True:
            due = int((time.monotonic() - began) * per_second)
            self.burst(due - done)
            done = due
            await asyncio.sleep(_TICK)

    def _told(self, error: KafkaError | None, message: Delivered) -> None:
        offset = message.offset()
        if error is not None:
            self._failed.append(str(error))
        elif offset is None or offset < 0:
            self._repeated += 1  # Kafka had it already, and says no more where
        else:
            self._places.add((message.partition() or 0, offset))


class Replies:
    """When replies came, by partition."""

    def __init__(self) -> None:
        self.times: dict[int, list[float]] = {partition: [] for partition in range(PARTITIONS)}

    @property
    def count(self) -> int:
        """How many came."""
        return sum(map(len, self.times.values()))

    def have(self, count: int) -> bool:
        """Whether so many came."""
        return self.count >= count

    def first(self, partition: int, since: float) -> float | None:
        """When the first one after this moment came."""
        return next((at for at in self.times[partition] if at >= since), None)


@contextmanager
def watched_replies(bootstrap_servers: str, prefix: str) -> Iterator[Replies]:
    """All replies to ships from the first one on, read by a thread until exit."""
    replies, over = Replies(), threading.Event()
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "not-used",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 20,
        }
    )
    consumer.assign([TopicPartition(f"{prefix}ship.replies", number, OFFSET_BEGINNING) for number in range(PARTITIONS)])

    def read() -> None:
        while not over.is_set():
            messages = consumer.consume(10_000, timeout=0.02)
            now = time.time()
            for message in messages:
                if message.error() is None:
                    replies.times[message.partition() or 0].append(now)

    reader = threading.Thread(target=read, name="replies")
    reader.start()
    try:
        yield replies
    finally:
        over.set()
        reader.join()
        consumer.close()


def command(random: Random, ship: str) -> bytes:
    """Any command for this ship."""
    kind = random.choice(("register_ship", "dock_ship", "depart_ship", "load_cargo", "unload_cargo"))
    data: dict[str, object] = {}
    if kind == "register_ship":
        data = {"name": "Pacific Explorer"}
    elif kind == "dock_ship":
        data = {"port": random.choice(_PORTS)}
    elif kind != "depart_ship":
        data = {"item": random.choice(_ITEMS), "quantity": random.randint(1, 5)}
    id_ = str(UUID(int=random.getrandbits(128), version=4))
    envelope = {"specversion": "1.0", "id": id_, "source": "/load", "type": kind, "subject": ship, "data": data}
    return orjson.dumps(envelope)
