"""How long a command waits for its reply in an open loop: from when it was due, however late it was sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, perf_counter, sleep

from confluent_kafka import Message

from tests.bench.commands import Command, number_of
from tests.bench.failure import BenchFailed
from tests.bench.figures import Figures, percentiles
from tests.bench.listening import listening
from tests.bench.topics import consumer, producer, whole

_LATEST = 30.0


class OpenLoop:
    """Publishes commands of one workload at their times, and notes when each reply is in a subscriber's hands."""

    def __init__(self, bootstrap_servers: str, prefix: str, commands: Iterator[Command]) -> None:
        self._topic = f"{prefix}ship.commands"
        self._commands = commands
        self._producer = producer(bootstrap_servers, **{"linger.ms": 0})
        self._consumer = consumer(bootstrap_servers)
        self._consumer.assign(whole(f"{prefix}ship.replies"))
        self._due: list[float] = []
        self._came: dict[int, float] = {}
        self._over = threading.Event()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Read replies until exit."""
        try:
            with listening(self._consumer, self._take):
                yield
        finally:
            self._producer.flush(_LATEST)
            self._consumer.close()

    def stop(self) -> None:
        """Have `run` end at once, from another thread."""
        self._over.set()

    def run(self, per_second: int, seconds: float) -> Figures:
        """Percentiles of the milliseconds from due time to reply; raises BenchFailed where one is missing."""
        first, total = len(self._due), int(per_second * seconds)
        began = perf_counter() + 0.1
        for number, (key, value) in zip(range(total), self._commands, strict=False):
            due = began + number / per_second
            while (early := due - perf_counter()) > 0:
                sleep(early)
            if self._over.is_set():
                raise BenchFailed("told to stop")
            self._due.append(due)
            self._producer.produce(self._topic, key=key, value=value)
            self._producer.poll(0)
        self._wait_for(first + total)
        waited = [1_000 * (self._came[at] - self._due[at]) for at in range(first, first + total)]
        return percentiles(waited)

    def _wait_for(self, count: int) -> None:
        end = monotonic() + _LATEST
        while len(self._came) < count:
            if monotonic() > end or self._over.is_set():
                raise BenchFailed(f"{count - len(self._came)} replies had not come {_LATEST:.0f} s after the last")
            sleep(0.01)

    def _take(self, message: Message) -> None:
        if (value := message.value()) is not None:
            self._came[number_of(value)] = perf_counter()
