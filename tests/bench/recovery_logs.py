"""What the logs say from outside: where they end, how far the handler is, and when it answered."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from service.audit.checkpoint import KEY
from tests.bench.failure import BenchFailed
from tests.bench.listening import listening
from tests.bench.topics import consumer, whole
from tests.running import PARTITIONS

_SECONDS = 10.0
_TAIL = 2_000

Range = tuple[str, int, int, int]  # topic, partition, first offset, and the one behind the last


@dataclass(frozen=True, slots=True)
class Logs:
    """The topics of ships under a prefix."""

    bootstrap_servers: str
    prefix: str

    def topic(self, kind: str) -> str:
        """Its name."""
        return f"{self.prefix}ship.{kind}"

    def ends(self, kind: str) -> Mapping[int, int]:
        """High watermarks by partition."""
        with self.reading() as reader:
            marks = {at.partition: reader.get_watermark_offsets(at, timeout=_SECONDS) for at in whole(self.topic(kind))}
        return {partition: end for partition, (_, end) in marks.items()}

    def written(self, kind: str) -> int:
        """How many records, markers of transactions among them."""
        return sum(self.ends(kind).values())

    def handled(self) -> bool:
        """Whether the checkpoints say that all commands are."""
        checkpoints = self.checkpoints()
        return all(checkpoints.get(at, {}).get("next_offset", 0) >= end for at, end in self.ends("commands").items())

    def checkpoints(self) -> dict[int, dict[str, Any]]:
        """The last one of each partition that is committed."""
        ends, tail, found = self.ends("snapshots"), _TAIL, dict[int, dict[str, Any]]()
        while True:
            starts = {at: max(0, end - tail) for at, end in ends.items() if at not in found and end}
            for value, partition in self._values("snapshots", starts, KEY):
                found[partition] = orjson.loads(value)
            if not any(start for at, start in starts.items() if at not in found):
                return found
            tail *= 20

    def ranges(self, *, cold: bool) -> list[Range]:
        """What who starts without a store has to read: with snapshots where it is `cold`, else from the beginning."""
        needed = {at: checkpoint["needed"] if cold else {} for at, checkpoint in self.checkpoints().items()}
        return [
            (self.topic(kind), at, needed.get(at, {}).get(kind, 0), end)
            for kind in ("snapshots", "events", "replies")
            for at, end in self.ends(kind).items()
        ]

    def _values(self, kind: str, starts: Mapping[int, int], key: bytes) -> Iterator[tuple[bytes, int]]:
        with self.reading() as reader:
            reader.assign([TopicPartition(self.topic(kind), at, start) for at, start in starts.items()])
            open_ = set(starts)
            while open_:
                for message in reader.consume(10_000, timeout=0.2):
                    error, value, partition = message.error(), message.value(), message.partition() or 0
                    if error is None and message.key() == key and value is not None:
                        yield value, partition
                    elif error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # its name
                        open_.discard(partition)
                    elif error is not None:
                        raise BenchFailed(f"{self.topic(kind)} cannot be read: {error}")

    @contextmanager
    def reading(self) -> Iterator[Consumer]:
        """A consumer of what is committed, which reads nothing yet, closed on exit."""
        reader = consumer(self.bootstrap_servers)
        try:
            yield reader
        finally:
            reader.close()


class Replies:
    """When the first reply of each partition came after `since`, in seconds of the clock."""

    def __init__(self) -> None:
        self.first: dict[int, float] = {}

    def all_of(self, partitions: int = PARTITIONS) -> bool:
        """Whether there is one in so many."""
        return len(self.first) >= partitions


@contextmanager
def first_replies(logs: Logs) -> Iterator[Replies]:
    """Those that come from now on, in a subscriber's hands."""
    found, ends = Replies(), logs.ends("replies")

    def take(message: Message) -> None:
        found.first.setdefault(message.partition() or 0, time.time())

    with logs.reading() as reader:
        reader.assign([TopicPartition(logs.topic("replies"), at, end) for at, end in ends.items()])
        with listening(reader, take):
            yield found
