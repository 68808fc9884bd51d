"""What a new owner must know before its first decision: everything below the marks that stood after its fence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from service.commands.entities import Entities
from service.commands.ports import Record
from service.commands.replay import GapInLog, Replay
from service.domain import Aggregate
from service.kafka.checkpoint import KEY, Checkpoint, read_checkpoint
from service.kafka.log_reader import Tell, open_reader, read_log
from service.kafka.topics import Topics


class PartitionUnsafe(Exception):
    """Going on would lose or repeat something; the message says what was found and what to do."""


@dataclass(frozen=True, slots=True)
class Acquired:
    """The entities of a partition, where its last owner stood, the first command that nobody has judged, and ends."""

    entities: Entities
    checkpoint: Checkpoint | None
    next_offset: int
    waiting: int
    events_end: int
    replies_end: int


async def read_partition(  # noqa: PLR0913  # where, of what, and whom to tell
    connection: Mapping[str, Any],
    aggregate: Aggregate,
    topics: Topics,
    partition: int,
    tell: Tell,
    *,
    keep_event_ids: bool,
) -> Acquired:
    """Rehydrate a partition whose producer has just been started; raises PartitionUnsafe."""
    commands, events, replies, snapshots = (
        TopicPartition(name, partition) for name in (topics.commands, topics.events, topics.replies, topics.snapshots)
    )
    logs = [events, replies, snapshots]
    # A read_committed consumer would give the last stable offset: an open transaction of someone else hides
    # committed events behind it. The high watermark hides nothing.
    async with open_reader(connection, "read_uncommitted") as marks:
        ends = await marks.end_offsets([*logs, commands])
        starts = await marks.beginning_offsets([*logs, commands])
    replay = Replay(aggregate, keep_event_ids=keep_event_ids)
    checkpoint: Checkpoint | None = None
    async with aclosing(read_log(connection, {tp: starts[tp] for tp in logs}, ends, tell)) as reading:
        async for tp, records in reading:
            if tp != snapshots:
                _add(replay.add_events if tp == events else replay.add_replies, tp, records)
            else:
                marks_of_ours = [record for record in records if record.key == KEY]
                checkpoint = read_checkpoint(marks_of_ours[-1]) if marks_of_ours else checkpoint
                replay.add_snapshots(record for record in records if record.key != KEY)
    for _ in replay.finishing():
        await asyncio.sleep(0)
    if checkpoint is None:
        # Not by the mark: an owner killed in its first transaction leaves nothing there but what was aborted.
        if replay.found_any or starts[events]:
            raise PartitionUnsafe(
                f"{topics.snapshots} has no checkpoint although {topics.events} has events: restore the topic, "
                "or recreate all five topics of the aggregate together"
            )
        next_offset = starts[commands]
    else:
        next_offset = checkpoint.next_offset
        for tp, reached in ((events, checkpoint.events), (replies, checkpoint.replies)):
            _require_end(tp, ends[tp], reached)
        await _recognise(connection, commands, checkpoint, starts[commands], ends[commands])
    waiting = ends[commands] - next_offset
    return Acquired(replay.entities, checkpoint, next_offset, waiting, ends[events], ends[replies])


def _add(add: Callable[[Iterable[Record]], None], tp: TopicPartition, records: Sequence[Record]) -> None:
    try:
        add(records)
    except GapInLog as gap:
        raise PartitionUnsafe(
            f"{tp.topic}[{tp.partition}]: {gap}; something else wrote to the topic, or lost from it: restore it from a "
            "copy, and let nobody but the handler write to it"
        ) from gap


def _require_end(tp: TopicPartition, end: int, reached: int) -> None:
    if end < reached:
        raise PartitionUnsafe(
            f"{tp.topic}[{tp.partition}] ends at {end}, but once went on to {reached}: it was recreated, or its broker "
            "lost what it had acknowledged; restore the topic, or recreate all five topics of the aggregate together"
        )


async def _recognise(
    connection: Mapping[str, Any], commands: TopicPartition, at: Checkpoint, start: int, end: int
) -> None:
    """Raise PartitionUnsafe where these are not the commands that the checkpoint speaks of."""
    place = f"{commands.topic}[{commands.partition}]"
    remedy = "give the partition back its own commands, or recreate all five topics of the aggregate together"
    if at.next_offset > end:
        raise PartitionUnsafe(
            f"{place} ends at {end}, but {at.next_offset} commands were judged: it was recreated; {remedy}"
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
        raise PartitionUnsafe(f"{place} holds another command at offset {at.last_offset}: it was recreated; {remedy}")
