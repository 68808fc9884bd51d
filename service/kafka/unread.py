"""What of the logs of a partition a store does not know yet, and whether they are those that it knows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from service.commands.ports import Record
from service.kafka.log_reader import Tell, read_log
from service.kafka.progress import Progress
from service.kafka.standpoint import Reached, Standpoint
from service.kafka.terms import Terms


class Stale(Exception):
    """The local store does not fit the log; who stands by is told why."""


@dataclass(frozen=True, slots=True)
class Logs:
    """The logs of a partition, with where each starts and ends."""

    snapshots: TopicPartition
    events: TopicPartition
    replies: TopicPartition
    starts: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]

    def reached(self, at: Standpoint) -> dict[TopicPartition, Reached]:
        """How far each of them is known there."""
        return {self.snapshots: at.snapshots, self.events: at.events, self.replies: at.replies}


class Unread:
    """Reads up to the ends of these logs; `at` says how far each is known, `tell` hears how it goes."""

    def __init__(self, terms: Terms, logs: Logs, at: Mapping[TopicPartition, Reached], tell: Tell) -> None:
        self._terms = terms
        self._logs = logs
        self._at = at
        self._tell = tell

    async def read(self, logs: Sequence[TopicPartition]) -> AsyncIterator[tuple[TopicPartition, list[Any]]]:
        """All records of some of them that are not known yet; raises Stale."""
        starts, ends = self._logs.starts, self._logs.ends
        begins = {tp: at.last[0] if at.last else at.next_offset for tp, at in self._at.items()}
        begins = {tp: max(begin, starts[tp]) for tp, begin in begins.items()}
        unsure = {tp for tp in logs if self._at[tp].last}
        terms, left = self._terms, {tp: ends[tp] - begin for tp, begin in begins.items()}
        progress = Progress(terms.aggregate.name, logs[0].partition, max(sum(left.values()), 0), self._tell)
        reading = read_log(terms.connection, {tp: begins[tp] for tp in logs}, ends, progress.hindered)
        async with aclosing(reading):
            async for tp, records in reading:
                fresh = records[self._known(tp, records[0]) :] if tp in unsure else records
                unsure.discard(tp)
                if fresh:
                    yield tp, fresh
                left[tp] = ends[tp] - records[-1].offset - 1
                progress.left(sum(max(one, 0) for one in left.values()))

    def _known(self, tp: TopicPartition, record: Record) -> int:
        """How many of the records that begin with this one are known: one, or none where that has been removed."""
        at = self._at[tp]
        if at.follows(record):
            return 1
        last = at.last[0] if at.last else -1
        # Compaction takes single records of snapshots, retention all before one of replies, and nothing takes events.
        removed = tp == self._logs.snapshots or self._logs.starts[tp] > last
        if record.offset <= last or not removed:
            raise Stale
        return 0
