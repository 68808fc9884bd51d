"""Which partition an entity is on: for whoever publishes to it, reads of it, or owns it."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2


def partition_of(key: bytes, count: int) -> int:
    """Of so many partitions, the one that Kafka's own default chooses."""
    return int(murmur2(key) & 0x7FFFFFFF) % count


# Hashing an id takes 5 to 7 µs in Python, more than to serialize a command: for whoever meets the same ones again.
known_partition_of = lru_cache(maxsize=100_000)(partition_of)
