"""Where a topic ends now, for whoever must wait until something has been read that far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition


async def log_ends(connection: Mapping[str, Any], topic: str) -> dict[tuple[str, int], int]:
    """The last stable offset of each partition: up to there nothing more can appear."""
    consumer = AIOKafkaConsumer(**connection, isolation_level="read_committed", enable_auto_commit=False)
    await consumer.start()
    try:
        await consumer.topics()
        partitions = consumer.partitions_for_topic(topic)
        if not partitions:
            raise LookupError(f"{topic}: missing; `fairlead topics apply` creates it")
        ends = await consumer.end_offsets([TopicPartition(topic, partition) for partition in sorted(partitions)])
        return {(tp.topic, tp.partition): end for tp, end in ends.items()}
    finally:
        await consumer.stop()
