"""When each event and reply is in the hands of a subscriber that reads what is committed: no row can be sooner."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import time

from tests.bench.topics import consumer, whole

Place = tuple[str, int, int]  # topic, partition, offset


@contextmanager
def subscribed(bootstrap_servers: str, topics: Sequence[str]) -> Iterator[dict[Place, float]]:
    """When each came, as seconds since 1970; read by a thread until exit."""
    came: dict[Place, float] = {}
    over = threading.Event()
    reading = consumer(bootstrap_servers)
    reading.assign([at for topic in topics for at in whole(topic)])

    def read() -> None:
        while not over.is_set():
            message = reading.poll(0.1)
            if message is not None and message.error() is None:
                came[message.topic() or "", message.partition() or 0, message.offset() or 0] = time()

    reader = threading.Thread(target=read, name="subscriber")
    reader.start()
    try:
        yield came
    finally:
        over.set()
        reader.join()
        reading.close()
