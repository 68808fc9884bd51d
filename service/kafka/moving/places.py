"""Between which topics an aggregate moves, and where their logs begin and end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from service.kafka.checkpoint import Checkpoint
from service.kafka.checkpoints import last_checkpoints
from service.kafka.log_reader import open_reader
from service.kafka.topics import Topics


class NotMovable(Exception):
    """It cannot be moved, or not back, as things stand; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """The topics of an aggregate, which have so many partitions."""

    connection: Mapping[str, Any]
    topics: Topics
    partitions: int

    async def bounds(self, kind: str) -> dict[int, tuple[int, int]]:
        """Where each partition of a kind begins and ends, whatever is open there."""
        places = [TopicPartition(self.topics.name(kind), number) for number in range(self.partitions)]
        async with open_reader(self.connection, "read_uncommitted") as marks:
            starts, ends = await marks.beginning_offsets(places), await marks.end_offsets(places)
        return {tp.partition: (starts[tp], ends[tp]) for tp in places}

    async def checkpoints(self) -> dict[int, Checkpoint]:
        """The last one of each partition that has any."""
        return await last_checkpoints(self.connection, self.topics, range(self.partitions))
