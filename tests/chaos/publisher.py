"""Somebody who goes on sending commands whatever happens to the broker, and knows which of them it took."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from confluent_kafka import KafkaError, Producer
from confluent_kafka import Message as Delivered

from service.audit.hashing import partition_of
from tests.running import PARTITIONS
from tests.workload import Message, generate

_PER_SECOND = 100
_CHUNK = 500
_SECONDS = 60.0


class Publisher:
    """Publishes in a thread."""

    def __init__(self, bootstrap_servers: str, prefix: str) -> None:
        self._sent = self._told_of = self._repeated = 0
        self._places: set[tuple[str, int, int]] = set()
        self._refused: list[str] = []
        self._prefix = prefix
        self._stopping = threading.Event()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "message.timeout.ms": 0,
                "log_level": 0,
                # What is measured is how soon the service is back, not how patient this client is.
                "reconnect.backoff.max.ms": 100,
                "retry.backoff.max.ms": 100,
            }
        )
        self._thread = threading.Thread(target=self._publish, name="publisher")

    @property
    def delivered(self) -> int:
        """How many the broker said to have, each at a place of its own: no more than that can be handled."""
        return len(self._places) + self._repeated

    def _publish(self) -> None:
        for message in _endless(self._prefix):
            if self._stopping.wait(1 / _PER_SECOND):
                return
            where: dict[str, Any] = {}
            if message.astray:
                where["partition"] = (partition_of(message.key or b"", PARTITIONS) + 1) % PARTITIONS
            headers: Any = list(message.headers)
            self._producer.produce(
                message.topic, value=message.value, key=message.key, headers=headers, on_delivery=self._told, **where
            )
            self._sent += 1
            self._producer.poll(0)

    def _told(self, error: KafkaError | None, message: Delivered) -> None:
        self._told_of += 1
        offset = message.offset()
        if error is not None:
            self._refused.append(str(error))
        elif offset is None or offset < 0:
            self._repeated += 1  # Kafka had it already, and says no more where
        else:
            self._places.add((message.topic() or "", message.partition() or 0, offset))

    def start(self) -> None:
        """Begin, and go on until `finish`."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._stopping.set()
        self._thread.join()

    def finish(self) -> None:
        """Send no more, and return once everything sent was delivered."""
        self.stop()
        self._producer.flush(_SECONDS)
        assert (self._told_of, self._refused) == (self._sent, [])


@contextmanager
def publishing(bootstrap_servers: str, prefix: str) -> Iterator[Publisher]:
    """A steady publisher; the caller finishes it, unless the test fails before."""
    publisher = Publisher(bootstrap_servers, prefix)
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.stop()


def _endless(prefix: str) -> Iterator[Message]:
    for seed in count(1):
        yield from generate(_CHUNK, ships=20, users=20, seed=seed, prefix=prefix)
