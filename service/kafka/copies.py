"""All that is on a topic now, read once and fast, for whoever looks for something in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition

from service.commands.ports import Record
from service.kafka.bare import barely
from service.kafka.log_reader import open_reader
from service.kafka.scan import Progress

_POLL_MS = 200
_READ_RECORDS = 5_000
_STALL_SECONDS = 30.0


async def read_copies(
    connection: Mapping[str, Any], topic: str, partitions: Collection[int], isolation: str, progress: Progress
) -> AsyncGenerator[tuple[int, Sequence[Record]]]:
    """The records of these partitions, some at a time, each time of one; `read_uncommitted` has the aborted ones too.

    `progress` is told how many offsets of how many are done. Raises TimeoutError where a partition cannot be read.
    """
    # Retention may remove what comes next while it is waited for.
    async with open_reader(barely(connection), isolation, out_of_range="earliest") as reader:
        assigned = [TopicPartition(topic, number) for number in partitions]
        reader.assign(assigned)
        at, ends = await reader.beginning_offsets(assigned), await reader.end_offsets(assigned)
        for tp, offset in at.items():
            reader.seek(tp, offset)
        total, loop = sum(ends[tp] - at[tp] for tp in assigned), asyncio.get_running_loop()
        deadline = loop.time() + _STALL_SECONDS
        while at := {tp: offset for tp, offset in at.items() if offset < ends[tp]}:
            progress(total - sum(ends[tp] - offset for tp, offset in at.items()), total)
            batches = await reader.getmany(*at, timeout_ms=_POLL_MS, max_records=_READ_RECORDS)
            for tp, records in batches.items():
                yield tp.partition, [record for record in records if record.offset < ends[tp]]
            reached = {tp: await reader.position(tp) for tp in at}
            # Else each fetch would wait for what may come there.
            reader.pause(*(tp for tp, offset in reached.items() if offset >= ends[tp]))
            if reached != at:
                at, deadline = reached, loop.time() + _STALL_SECONDS
            elif loop.time() > deadline:
                places = ", ".join(f"{tp.topic}[{tp.partition}]" for tp in at)
                raise TimeoutError(f"Nothing comes of {places}: see whether its brokers are up, and try again")
        progress(total, total)
