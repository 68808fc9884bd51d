"""A topic from its beginning to where it ends now, as one stream in order of time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from heapq import heapify, heapreplace
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.kafka.log_reader import open_reader

Progress = Callable[[int, int], None]

_POLL_MS = 200
_READ_RECORDS = 2_000
_STALL_SECONDS = 30.0


async def scan(
    connection: Mapping[str, Any], topic: str, start: Mapping[int, int], progress: Progress
) -> AsyncGenerator[Any, None]:
    """Committed records, those of a partition in the order of their offsets, several partitions merged by timestamp.

    `start` says which partitions, and from where. `progress` is told how many offsets of how many are done.
    Raises TimeoutError where a partition cannot be read.
    """
    # Retention may remove what comes next while it is waited for.
    async with open_reader(connection, "read_committed", out_of_range="earliest") as consumer:
        assigned = [TopicPartition(topic, number) for number in start]
        consumer.assign(assigned)
        begins = await consumer.beginning_offsets(assigned)
        begins = {tp: max(begins[tp], start[tp.partition]) for tp in assigned}
        # With read_committed this is the last stable offset: up to there nothing more can appear.
        ends = await consumer.end_offsets(assigned)
        for tp in assigned:
            consumer.seek(tp, begins[tp])
        total = sum(max(0, ends[tp] - begins[tp]) for tp in assigned)
        heads: dict[TopicPartition, deque[Any]] = {tp: deque() for tp in assigned}
        while await _fill(consumer, heads, ends):
            for record in _merged([*heads.values()]):
                yield record
            left = [
                ends[tp] - (queue[0].offset if queue else await consumer.position(tp)) for tp, queue in heads.items()
            ]
            progress(total - sum(left), total)
        progress(total, total)


def _merged(queues: list[deque[Any]]) -> Iterator[Any]:
    """Take out of these what comes next in order of time, until one of them is empty."""
    heads = [(queue[0].timestamp, number, queue) for number, queue in enumerate(queues)]
    heapify(heads)
    while True:
        _, number, queue = heads[0]
        yield queue.popleft()
        if not queue:
            return
        heapreplace(heads, (queue[0].timestamp, number, queue))


async def _fill(
    consumer: AIOKafkaConsumer, heads: dict[TopicPartition, deque[Any]], ends: Mapping[TopicPartition, int]
) -> bool:
    """Have a record of every partition that has any left; False once none has."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _STALL_SECONDS
    while empty := [tp for tp, queue in heads.items() if not queue]:
        positions = {tp: await consumer.position(tp) for tp in empty}
        for tp in empty:
            if positions[tp] >= ends[tp]:
                del heads[tp]
                # Else each fetch would wait for what may come there.
                consumer.pause(tp)
        if not (reading := [tp for tp in empty if tp in heads]):
            break
        for tp, records in (await consumer.getmany(*reading, timeout_ms=_POLL_MS, max_records=_READ_RECORDS)).items():
            heads[tp].extend(record for record in records if record.offset < ends[tp])
        if positions != {tp: await consumer.position(tp) for tp in empty}:
            deadline = loop.time() + _STALL_SECONDS
        elif loop.time() > deadline:
            places = ", ".join(f"{tp.topic}[{tp.partition}]" for tp in reading)
            raise TimeoutError(f"Nothing comes of {places}: see whether its brokers are up, and try again")
    return bool(heads)
