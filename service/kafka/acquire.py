"""What a new owner must know before its first decision: everything below the marks that stood after its fence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from service.commands.entities import Entities
from service.commands.replay import Replay
from service.domain import Aggregate
from service.kafka.checkpoint import KEY, Checkpoint, read_checkpoint
from service.kafka.topics import Topics

log = structlog.get_logger()

_POLL_MS = 200
_READ_RECORDS = 2_000
_STALL_SECONDS = 10.0


class PartitionUnsafe(Exception):
    """Going on would lose or repeat something; the message says what was found and what to do."""


@dataclass(frozen=True, slots=True)
class Acquired:
    """The entities of a partition, the first command that nobody has judged, and how many wait from there."""

    entities: Entities
    next_offset: int
    waiting: int


async def read_partition(
    connection: Mapping[str, Any], aggregate: Aggregate, topics: Topics, partition: int, *, keep_event_ids: bool
) -> Acquired:
    """Rehydrate a partition whose producer has just been started; raises PartitionUnsafe and GapInLog."""
    commands, events, replies, snapshots = (
        TopicPartition(name, partition) for name in (topics.commands, topics.events, topics.replies, topics.snapshots)
    )
    # A read_committed consumer would give the last stable offset: an open transaction of someone else hides
    # committed events behind it. The high watermark hides nothing.
    async with _reader(connection, "read_uncommitted") as marks:
        ends = await marks.end_offsets([events, replies, snapshots, commands])
        starts = await marks.beginning_offsets([events, replies, snapshots, commands])
    replay = Replay(aggregate, keep_event_ids=keep_event_ids)
    checkpoint: Checkpoint | None = None
    logs = [events, replies, snapshots]
    async with _reader(connection, "read_committed") as reader:
        reader.assign(logs)
        for tp in logs:
            reader.seek(tp, starts[tp])
        async for tp, records in _until(reader, {tp: ends[tp] for tp in logs}):
            if tp == events:
                replay.add_events(records)
            elif tp == replies:
                replay.add_replies(records)
            else:
                for record in records:
                    checkpoint = read_checkpoint(record) if record.key == KEY else checkpoint
        if checkpoint is None:
            # Not by the mark: an owner killed in its first transaction leaves nothing there but what was aborted.
            if replay.found_any or starts[events]:
                raise PartitionUnsafe(
                    f"{topics.snapshots} has no checkpoint although {topics.events} has events: restore the topic, "
                    "or recreate all five topics of the aggregate together"
                )
            return Acquired(replay.finish(), starts[commands], ends[commands] - starts[commands])
        await _recognise(reader, commands, checkpoint, starts[commands], ends[commands])
    return Acquired(replay.finish(), checkpoint.next_offset, ends[commands] - checkpoint.next_offset)


async def _recognise(reader: AIOKafkaConsumer, commands: TopicPartition, at: Checkpoint, start: int, end: int) -> None:
    place = f"{commands.topic}[{commands.partition}]"
    remedy = "give the partition back its own commands, or recreate all five topics of the aggregate together"
    if at.next_offset > end:
        raise PartitionUnsafe(
            f"{place} ends at {end}, but {at.next_offset} commands were judged: it was recreated; {remedy}"
        )
    if at.next_offset < start:
        raise PartitionUnsafe(
            f"{place} begins at {start}, but command {at.next_offset} was never judged: retention removed it"
        )
    if at.last_offset < start:
        return
    reader.assign([commands])
    reader.seek(commands, at.last_offset)
    async for _, records in _until(reader, {commands: at.last_offset + 1}):
        record = records[0]
        if (record.offset, record.timestamp) != (at.last_offset, at.last_timestamp):
            raise PartitionUnsafe(
                f"{place} holds another command at offset {at.last_offset}: it was recreated; {remedy}"
            )
        return


@asynccontextmanager
async def _reader(connection: Mapping[str, Any], isolation: str) -> AsyncIterator[AIOKafkaConsumer]:
    reader = AIOKafkaConsumer(
        **connection,
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=4 << 20,
        retry_backoff_ms=20,
    )
    await reader.start()
    try:
        yield reader
    finally:
        # aiokafka's stop raises CancelledError where its background task has not had its first turn yet.
        await asyncio.sleep(0)
        await reader.stop()


async def _until(
    reader: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]
) -> AsyncIterator[tuple[TopicPartition, list[Any]]]:
    """Records of each partition until its position has reached its end."""
    waiting = dict(ends)
    loop = asyncio.get_running_loop()
    moved = loop.time()
    positions: dict[TopicPartition, int] = {}
    while True:
        for tp in list(waiting):
            position = await reader.position(tp)
            if position >= waiting[tp]:
                del waiting[tp]
            elif positions.get(tp) != position:
                positions[tp], moved = position, loop.time()
        if not waiting:
            return
        if loop.time() - moved > _STALL_SECONDS:
            moved = loop.time()
            log.warning("waiting for an open transaction", topics=[f"{tp.topic}[{tp.partition}]" for tp in waiting])
        batches = await reader.getmany(*waiting, timeout_ms=_POLL_MS, max_records=_READ_RECORDS)
        for tp, records in batches.items():
            if records:
                yield tp, records
