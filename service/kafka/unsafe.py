"""What must not be gone on with: going on would lose or repeat something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import aclosing
from typing import Any

from aiokafka import TopicPartition

from service.kafka.checkpoint import Checkpoint
from service.kafka.log_reader import read_log
from service.kafka.topics import Topics

_REMEDY = "give the partition back its own commands, or recreate all five topics of the aggregate together"


class PartitionUnsafe(Exception):
    """Going on would lose or repeat something; the message says what was found and what to do."""


def offset_gone(tp: TopicPartition, at: int) -> PartitionUnsafe:
    """The commands have no offset that is the next to be judged."""
    return PartitionUnsafe(f"{tp.topic}[{tp.partition}] has no offset {at}, which is the next to be judged: {_REMEDY}")


def require_in_force(topics: Topics, known: Iterable[Checkpoint], partitions: int) -> None:
    """Raise PartitionUnsafe where these checkpoints speak of another number of partitions, or say that it moved on."""
    for at in known:
        if at.copy_of is not None:
            raise PartitionUnsafe(
                f"{topics.name('*')} are closed by `fairlead topics migrate`: they are an unfinished copy of "
                f"{at.copy_of}{topics.aggregate}.*. With FAIRLEAD_PREFIX {at.copy_of!r} and --to {topics.prefix!r} the "
                "same command begins anew, and --back opens those again"
            )
        if at.moved_to is not None:
            raise PartitionUnsafe(
                f"{topics.name('*')} are closed by `fairlead topics migrate`: once that is done, the topics are "
                f"{at.moved_to}{topics.aggregate}.*, and FAIRLEAD_PREFIX has to be {at.moved_to!r}"
            )
        if at.partitions not in {None, partitions}:
            raise PartitionUnsafe(
                f"{topics.commands} has {partitions} partitions, but was begun with {at.partitions}: somebody added "
                "some, so that ids lie elsewhere now than their events; recreate all five topics of the aggregate "
                f"with {at.partitions} and restore them from a copy. More partitions are made by `fairlead topics "
                f"migrate {topics.aggregate}`, which copies"
            )


def require_begin(tp: TopicPartition, start: int) -> None:
    """Raise PartitionUnsafe where a log begins later of which all is needed."""
    # Compaction takes records and leaves the start of the log where it is, in Kafka 4.2.2.
    if start:
        raise PartitionUnsafe(
            f"{tp.topic}[{tp.partition}] begins at {start}, but all before that is needed: somebody removed it, or "
            "had the topic's settings remove it; restore the topic from a copy, or recreate all five topics of the "
            "aggregate together"
        )


def require_end(tp: TopicPartition, end: int, reached: int) -> None:
    """Raise PartitionUnsafe where a log ends before what it once had reached."""
    if end < reached:
        raise PartitionUnsafe(
            f"{tp.topic}[{tp.partition}] ends at {end}, but once went on to {reached}: it was recreated, or its broker "
            "lost what it had acknowledged; restore the topic, or recreate all five topics of the aggregate together"
        )


async def recognise(
    connection: Mapping[str, Any], commands: TopicPartition, at: Checkpoint, start: int, end: int
) -> None:
    """Raise PartitionUnsafe where these are not the commands that the checkpoint speaks of."""
    place = f"{commands.topic}[{commands.partition}]"
    if at.next_offset > end:
        raise PartitionUnsafe(
            f"{place} ends at {end}, but {at.next_offset} commands were judged: it was recreated; {_REMEDY}"
        )
    if at.next_offset < start:
        raise PartitionUnsafe(
            f"{place} begins at {start}, but command {at.next_offset} was never judged: retention removed it; "
            "restore the topic from a copy, and give its retention.ms more time than the handler may stand still"
        )
    if at.last_offset < start:
        return
    found = None
    async with aclosing(read_log(connection, {commands: at.last_offset}, {commands: at.last_offset + 1})) as reading:
        async for _, records in reading:
            found = found or (records[0].offset, records[0].timestamp)
    if found != (at.last_offset, at.last_timestamp):
        raise PartitionUnsafe(f"{place} holds another command at offset {at.last_offset}: it was recreated; {_REMEDY}")
