"""When each event and reply is in the hands of a subscriber that reads what is committed: no row can be sooner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import time

from confluent_kafka import Message

from tests.bench.listening import listening
from tests.bench.topics import consumer, whole

Place = tuple[str, int, int]  # topic, partition, offset


@contextmanager
def subscribed(bootstrap_servers: str, topics: Sequence[str]) -> Iterator[dict[Place, float]]:
    """When each came, as seconds since 1970; read by a thread until exit."""
    came: dict[Place, float] = {}
    reading = consumer(bootstrap_servers)
    reading.assign([at for topic in topics for at in whole(topic)])

    def take(message: Message) -> None:
        came[message.topic() or "", message.partition() or 0, message.offset() or 0] = time()

    try:
        with listening(reading, take):
            yield came
    finally:
        reading.close()
