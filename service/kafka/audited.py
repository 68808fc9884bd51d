"""The logs of a partition as an audit reads them: by consumers without a group, which leave no trace."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from service.audit.records import Record
from service.kafka.log_reader import open_reader, read_log

# As often a reader says that it waits, every ten seconds.
_PATIENCE = 12


class Stuck(TimeoutError):
    """A log cannot be read to its end; the message says why."""


class Bounds:
    """Asks where logs begin and end."""

    def __init__(self, reader: AIOKafkaConsumer) -> None:
        self._reader = reader

    async def of(self, topics: Mapping[str, str], partition: int) -> Mapping[str, tuple[int, int]]:
        """Where the logs of these topics, by kind, begin and end; below an end there may be open transactions."""
        at = {kind: TopicPartition(topic, partition) for kind, topic in topics.items()}
        starts = await self._reader.beginning_offsets([*at.values()])
        ends = await self._reader.end_offsets([*at.values()])
        return {kind: (starts[tp], ends[tp]) for kind, tp in at.items()}

    async def at(self, topic: str, partition: int, timestamp: int) -> int:
        """The first offset whose record is of this time, in milliseconds, or later; the end where there is none."""
        tp = TopicPartition(topic, partition)
        found = (await self._reader.offsets_for_times({tp: timestamp}))[tp]
        return int(found.offset if found else (await self._reader.end_offsets([tp]))[tp])


@asynccontextmanager
async def open_bounds(connection: Mapping[str, Any]) -> AsyncIterator[Bounds]:
    """For as long as it is asked; raises KafkaError where no broker answers."""
    # A read_committed consumer would be told the last stable offset, before which a commit may not be seen yet.
    async with open_reader(connection, "read_uncommitted") as reader:
        yield Bounds(reader)


async def read_records(
    connection: Mapping[str, Any], topic: str, partition: int, start: int, end: int
) -> AsyncGenerator[list[Record], None]:
    """All committed records from an offset up to another, some hundreds at a time; raises Stuck."""
    tp, silences = TopicPartition(topic, partition), 0

    def tell(reason: str | None) -> None:
        nonlocal silences
        silences = 0 if reason is None else silences + 1
        if silences == _PATIENCE:
            raise Stuck(reason)

    try:
        async with aclosing(read_log(connection, {tp: start}, {tp: end}, tell)) as reading:
            async for _, records in reading:
                yield [
                    Record(one.offset, one.key, one.value, one.timestamp, tuple(one.headers))
                    for one in records
                    if one.offset < end
                ]
    except OffsetOutOfRangeError as error:
        told = f"{topic}[{partition}]: retention has removed what was being read: verify again"
        raise Stuck(told) from error
