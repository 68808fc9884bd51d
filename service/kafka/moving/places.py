"""Between which topics an aggregate moves, and where their logs begin and end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from service.kafka.checkpoint import Checkpoint
from service.kafka.checkpoints import last_checkpoints
from service.kafka.log_reader import open_reader
from service.kafka.topics import KINDS, Topics


class NotMovable(Exception):
    """It cannot be moved, or not back, as things stand; the message says why, and what to do."""


class Halfway(Exception):
    """What it is raised from came between the first step and the last; the message says where things stand by that."""


@dataclass(frozen=True, slots=True)
class Place:
    """The topics of an aggregate, which have so many partitions; those of these kinds, where some are missing."""

    connection: Mapping[str, Any]
    topics: Topics
    partitions: int
    kinds: Collection[str] = KINDS

    async def bounds(self, kind: str) -> dict[int, tuple[int, int]]:
        """Where each partition of a kind begins and ends, whatever is open there."""
        places = [TopicPartition(self.topics.name(kind), number) for number in range(self.partitions)]
        async with open_reader(self.connection, "read_uncommitted") as marks:
            starts, ends = await marks.beginning_offsets(places), await marks.end_offsets(places)
        return {tp.partition: (starts[tp], ends[tp]) for tp in places}

    async def checkpoints(self) -> dict[int, Checkpoint]:
        """The last one of each partition that has any."""
        if "snapshots" not in self.kinds:
            return {}
        return await last_checkpoints(self.connection, self.topics, range(self.partitions))

    async def is_copy_of(self, prefix: str) -> bool:
        """Whether they say of themselves that they are an unfinished copy of those under this prefix."""
        known = await self.checkpoints()
        return bool(known) and all(one.copy_of == prefix for one in known.values())

    async def is_empty(self) -> bool:
        """Whether nothing was ever written there."""
        ends = [await self.bounds(kind) for kind in self.kinds]
        return not any(end for bounds in ends for _, end in bounds.values())
