"""Where a topic ends now, for whoever must wait until something has been read that far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition

from service.kafka.log_reader import open_reader
from service.kafka.topics import Topics, partition_count


async def log_ends(connection: Mapping[str, Any], topics: Topics, topic: str) -> dict[tuple[str, int], int]:
    """The last stable offset of each partition of one of these topics: up to there nothing more can appear.

    Raises LookupError where the topics are missing.
    """
    partitions = range(await partition_count(connection, topics))
    async with open_reader(connection, "read_committed") as reader:
        ends = await reader.end_offsets([TopicPartition(topic, partition) for partition in partitions])
    return {(tp.topic, tp.partition): end for tp, end in ends.items()}
