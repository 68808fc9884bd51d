"""The last checkpoints on the log: each is near its end, and nothing but the end of the log is read to find it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import aclosing
from typing import Any

from aiokafka import TopicPartition

from service.kafka.checkpoint import KEY, Checkpoint, read_checkpoint
from service.kafka.log_reader import open_reader, read_log
from service.kafka.topics import Topics

# In which it is, unless there are many records of open or aborted transactions behind it.
_TAILS = (100, 10_000)


async def last_checkpoint(connection: Mapping[str, Any], tp: TopicPartition, start: int, end: int) -> Checkpoint | None:
    """The last one that is committed between these offsets of a partition of snapshots."""
    for tail in (*_TAILS, end):
        begin = max(start, end - tail)
        found = None
        async with aclosing(read_log(connection, {tp: begin}, {tp: end})) as reading:
            async for _, records in reading:
                found = next((record for record in reversed(records) if record.key == KEY), found)
        if found or begin == start:
            return read_checkpoint(found) if found else None
    raise AssertionError


async def last_checkpoints(
    connection: Mapping[str, Any], topics: Topics, partitions: Iterable[int]
) -> dict[int, Checkpoint]:
    """The last one of each of these partitions that has any."""
    places = [TopicPartition(topics.snapshots, number) for number in partitions]
    async with open_reader(connection, "read_uncommitted") as marks:
        starts, ends = await marks.beginning_offsets(places), await marks.end_offsets(places)
    found = {tp.partition: await last_checkpoint(connection, tp, starts[tp], ends[tp]) for tp in places}
    return {partition: checkpoint for partition, checkpoint in found.items() if checkpoint}
