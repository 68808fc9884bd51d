"""Which partition an entity is on: where the service looks for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from aiokafka.partitioner import murmur2

# Hashing an id takes 5 µs in Python, more than to serialize a command; most callers speak to an entity again.
_REMEMBERED = 100_000


@lru_cache(maxsize=_REMEMBERED)
def _hashed(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF


def partition_of(key: bytes, partitions: Sequence[int]) -> int:
    """Of these partitions, in their order, the one that Kafka's own default chooses."""
    return partitions[_hashed(key) % len(partitions)]
