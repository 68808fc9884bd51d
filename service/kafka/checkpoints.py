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

Offsets = Mapping[TopicPartition, int]


async def checkpoints_between(
    connection: Mapping[str, Any], starts: Offsets, ends: Offsets
) -> dict[TopicPartition, Checkpoint]:
    """The last one that is committed between these offsets of each of these partitions of snapshots, if any."""
    found: dict[TopicPartition, Checkpoint] = {}
    left = dict(starts)
    for tail in (*_TAILS, max(ends.values(), default=0)):
        begins = {tp: max(start, ends[tp] - tail) for tp, start in left.items()}
        async with aclosing(read_log(connection, begins, ends)) as reading:
            async for tp, records in reading:
                if last := next((record for record in reversed(records) if record.key == KEY), None):
                    found[tp] = read_checkpoint(last)
        left = {tp: start for tp, start in left.items() if tp not in found and begins[tp] > start}
    return found


async def last_checkpoints(
    connection: Mapping[str, Any], topics: Topics, partitions: Iterable[int]
) -> dict[int, Checkpoint]:
    """The last one of each of these partitions that has any, where no transaction is open in front of it."""
    places = [TopicPartition(topics.snapshots, number) for number in partitions]
    # Not up to the high watermark: who only asks would wait for a member that hangs, or was killed, in a transaction.
    async with open_reader(connection, "read_committed") as marks:
        starts, ends = await marks.beginning_offsets(places), await marks.end_offsets(places)
    found = await checkpoints_between(connection, starts, ends)
    return {tp.partition: checkpoint for tp, checkpoint in found.items()}
