"""The logs of one partition as a broker keeps them: with the markers of transactions, compaction and retention."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from service.commands.ports import Draft
from service.kafka import acquire, checkpoints, log_reader, pursuit, rehydration, unread, unsafe, waiting, watchdog
from tests.domain.partition import Stored

READERS = (acquire, checkpoints, pursuit, rehydration, unread, unsafe, waiting, watchdog)
# Records that are read at once, so that a short log is read in several steps too.
_CHUNK = 3


class Killed(BaseException):
    """The process is gone: nothing of it catches this."""


class Logs:
    """By topic all that was ever committed, and what of it is still there; the same object for reader and producer."""

    def __init__(self) -> None:
        self.written: dict[str, list[Stored]] = defaultdict(list)
        self.kept: dict[str, list[Stored]] = defaultdict(list)
        self.starts: dict[str, int] = defaultdict(int)
        self.ends: dict[str, int] = defaultdict(int)
        self.killing: str | None = None

    def append(self, topic: str, drafts: Iterable[Draft]) -> int:
        """Write these; returns the offset of the last one."""
        for draft in drafts:
            one = Stored(draft.key, draft.value, self.ends[topic], draft.timestamp, draft.headers)
            self.written[topic].append(one)
            self.kept[topic].append(one)
            self.ends[topic] += 1
        return self.ends[topic] - 1

    async def write(self, topics: Sequence[tuple[str, Sequence[Draft]]]) -> dict[str, int]:
        """A transaction, as of PartitionProducer; whoever is to be killed dies before it is committed, or behind."""
        if self.killing == "before":
            raise Killed
        lasts = {topic: self.append(topic, drafts) for topic, drafts in topics if drafts}
        for topic in lasts:
            self.ends[topic] += 1
        if self.killing == "behind":
            raise Killed
        return lasts

    def compact(self, topic: str) -> None:
        """Keep the last record of each key."""
        self.kept[topic] = [*{one.key: one for one in sorted(self.kept[topic], key=_offset)}.values()]
        self.kept[topic].sort(key=_offset)

    def retain(self, topic: str, since: int) -> None:
        """Retention takes the segments with nothing younger than this time in milliseconds."""
        young = [one.offset for one in self.kept[topic] if one.timestamp >= since]
        self.starts[topic] = max(self.starts[topic], young[0] if young else self.ends[topic])
        self.kept[topic] = [one for one in self.kept[topic] if one.offset >= self.starts[topic]]

    async def end_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The high watermarks."""
        return {tp: self.ends[tp.topic] for tp in tps}

    async def beginning_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The low watermarks."""
        return {tp: self.starts[tp.topic] for tp in tps}

    def serve(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have all that would read from a broker read these."""
        for module in READERS:
            for name in ("read_log", "open_reader"):
                if hasattr(module, name):
                    assert getattr(module, name) is getattr(log_reader, name)
                    monkeypatch.setattr(module, name, globals()[name])


async def read_log(
    connection: Mapping[str, Any],
    starts: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
    _: Any = None,
) -> AsyncGenerator[tuple[TopicPartition, list[Any]], None]:
    """As of log_reader: from each log in turn."""
    logs: Logs = connection["logs"]
    if lost := {tp: at for tp, at in starts.items() if at < min(logs.starts[tp.topic], ends[tp])}:
        raise OffsetOutOfRangeError(lost)
    left = {tp: [one for one in logs.kept[tp.topic] if start <= one.offset < ends[tp]] for tp, start in starts.items()}
    while any(left.values()):
        for tp, records in left.items():
            if records:
                yield tp, records[:_CHUNK]
                left[tp] = records[_CHUNK:]


@asynccontextmanager
async def open_reader(connection: Mapping[str, Any], _: str) -> AsyncIterator[Logs]:
    """As of log_reader."""
    yield connection["logs"]


def _offset(one: Stored) -> int:
    return one.offset
