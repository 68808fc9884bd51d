"""Whether an aggregate's topics are those that its handlers shall work on, asked before any of them begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.kafka.checkpoints import last_checkpoints
from service.kafka.topics import Topics, partition_count
from service.kafka.unsafe import PartitionUnsafe, require_in_force


async def partitions_in_force(connection: Mapping[str, Any], topics: Topics) -> int:
    """How many partitions all five have; raises LookupError where they are missing, differ, were grown or moved."""
    partitions = await partition_count(connection, topics)
    if fault := await not_in_force(connection, topics, partitions):
        raise LookupError(fault)
    return partitions


async def not_in_force(connection: Mapping[str, Any], topics: Topics, partitions: int) -> str | None:
    """What their checkpoints have against so many partitions, or against these topics at all."""
    try:
        require_in_force(topics, (await last_checkpoints(connection, topics, range(partitions))).values(), partitions)
    except PartitionUnsafe as unsafe:
        return str(unsafe)
    return None
