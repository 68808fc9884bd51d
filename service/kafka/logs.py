"""Logs as they stand beside what a build has read of them: where they begin and end, and what is in between."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.kafka.log_reader import open_reader
from service.kafka.topics import partition_counts
from service.projections.level import Offsets
from service.projections.stored import Record

_POLL_MS = 200
_RECORDS = 500


@asynccontextmanager
async def open_logs(connection: Mapping[str, Any], topics: Collection[str]) -> AsyncIterator[Logs]:
    """The logs of these topics, what is committed in them; raises LookupError where one is missing."""
    counts = await partition_counts(connection, topics)
    async with open_reader(connection, "read_committed") as reader:
        places = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
        yield Logs(reader, places)


class Logs:
    """One reader, of one question at a time."""

    def __init__(self, reader: AIOKafkaConsumer, places: Sequence[TopicPartition]) -> None:
        self._reader = reader
        self._places = places

    async def begins(self) -> Offsets:
        """Where each begins."""
        return _offsets(await self._reader.beginning_offsets(self._places))

    async def ends(self) -> Offsets:
        """Where each ends now: up to there nothing more can appear."""
        return _offsets(await self._reader.end_offsets(self._places))

    async def between(self, starts: Offsets, ends: Offsets) -> AsyncGenerator[tuple[str, int, list[Record]], None]:
        """The records from each start up to its end, a few hundred of a topic and partition at a time.

        The ends are such as somebody has read up to; raises OffsetOutOfRangeError where a log has lost what is asked.
        """
        at = {TopicPartition(*place): starts.get(place, 0) for place in ends if starts.get(place, 0) < ends[place]}
        self._reader.assign(list(at))
        for tp, offset in at.items():
            self._reader.seek(tp, offset)
        while at:
            batches = await self._reader.getmany(*at, timeout_ms=_POLL_MS, max_records=_RECORDS)
            for tp, records in batches.items():
                if found := [record for record in records if record.offset < ends[tp]]:
                    yield tp.topic, tp.partition, found
            for tp in [tp for tp in at if await self._reader.position(tp) >= ends[tp]]:
                del at[tp]
                self._reader.pause(tp)


def _offsets(found: Mapping[TopicPartition, int]) -> Offsets:
    return {(tp.topic, tp.partition): offset for tp, offset in found.items()}
