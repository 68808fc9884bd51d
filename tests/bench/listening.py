"""A subscriber in a thread, to whom each record is told as soon as it is in a client's hands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, Message


@contextmanager
def listening(consumer: Consumer, take: Callable[[Message], None]) -> Iterator[None]:
    """Call `take` with each record of what is assigned, in a thread, until exit."""
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            # One by one: `consume` waits for more of them than have come.
            message = consumer.poll(0.05)
            if message is not None and message.error() is None:
                take(message)

    reader = threading.Thread(target=read, name="subscriber")
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()
