"""Which partition an entity is on: for whoever publishes to it, reads of it, or owns it."""

from __future__ import annotations

from aiokafka.partitioner import murmur2


def partition_of(key: bytes, count: int) -> int:
    """Of so many partitions, the one that Kafka's own default chooses."""
    return int(murmur2(key) & 0x7FFFFFFF) % count
