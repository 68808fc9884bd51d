"""What a new owner must know before its first decision: everything below the marks that stood after its fence."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

from aiokafka import TopicPartition

from service.commands.ports import LocalStore
from service.commands.window import KEPT_MICROS
from service.kafka.checkpoint import Checkpoint
from service.kafka.checkpoints import checkpoints_between, last_checkpoints
from service.kafka.local import Local
from service.kafka.log_reader import Tell, open_reader, read_log
from service.kafka.rehydration import Gap, Rehydration
from service.kafka.standpoint import Standpoint
from service.kafka.terms import Terms
from service.kafka.unread import Logs, Stale
from service.kafka.unsafe import PartitionUnsafe, recognise, require_begin, require_end, require_in_force


@dataclass(frozen=True, slots=True)
class Acquired:
    """What is known of a partition, and the first command that nobody has judged; `how` it became known."""

    local: Local
    logs: Logs
    next_offset: int
    waiting: int
    how: str


async def read_partition(terms: Terms, partition: int, store: LocalStore, tell: Tell) -> Acquired:
    """Rehydrate a partition whose producer has just been started.

    Raises PartitionUnsafe, and StoreBroken.
    """
    topics = terms.topics
    commands, snapshots, events, replies = (
        TopicPartition(name, partition) for name in (topics.commands, topics.snapshots, topics.events, topics.replies)
    )
    # A read_committed consumer would give the last stable offset: an open transaction of someone else hides
    # committed events behind it. The high watermark hides nothing.
    async with open_reader(terms.connection, "read_uncommitted") as marks:
        # First of snapshots: what they tell of is in the others, where somebody writes meanwhile.
        ends = await marks.end_offsets([snapshots])
        ends |= await marks.end_offsets([commands, events, replies])
        starts = await marks.beginning_offsets([commands, snapshots, events, replies])
    logs = Logs(snapshots, events, replies, starts, ends)
    found = await checkpoints_between(terms.connection, {snapshots: starts[snapshots]}, {snapshots: ends[snapshots]})
    checkpoint = found.get(snapshots)
    # One in which nothing was ever decided knows only from others what became of the topics.
    known = (
        [checkpoint]
        if checkpoint
        else (await last_checkpoints(terms.connection, topics, range(terms.partitions))).values()
    )
    require_in_force(topics, known, max(terms.partitions, partition + 1))
    for whole in (events, snapshots):
        require_begin(whole, starts[whole])
    if checkpoint:
        require_end(events, ends[events], checkpoint.events)
        require_end(replies, ends[replies], checkpoint.replies)
        await recognise(terms.connection, commands, checkpoint, starts[commands], ends[commands])
    local = Local(terms, store)
    how, found_any = await _rehydrate(terms, logs, local, checkpoint, tell)
    if checkpoint is None and found_any:
        # Not by the mark: an owner killed in its first transaction leaves nothing there but what was aborted.
        raise PartitionUnsafe(
            f"{topics.snapshots} has no checkpoint although {topics.events} has events: restore the topic, "
            "or recreate all five topics of the aggregate together"
        )
    next_offset = checkpoint.next_offset if checkpoint else starts[commands]
    return Acquired(local, logs, next_offset, ends[commands] - next_offset, how)


async def _rehydrate(
    terms: Terms, logs: Logs, local: Local, checkpoint: Checkpoint | None, tell: Tell
) -> tuple[str, bool]:
    """By the least reading that is safe; how, and whether anything was ever decided."""
    if local.warm and checkpoint and await _goes_on(terms, logs, local.standpoint, checkpoint):
        try:
            rehydration = Rehydration(terms, logs, local, tell)
            await rehydration.warm(checkpoint)
        except (Stale, Gap):
            # A cache is no reason to stop a partition: if the log is at fault, who reads all of it is told so.
            pass
        else:
            return "warm", True
    await local.renew()
    rehydration = Rehydration(terms, logs, local, tell)
    needed = checkpoint.needed if checkpoint else None
    lost = bool(needed and checkpoint and await _lost(terms, logs, needed.replies, checkpoint))
    # Snapshots do not have the ids of events, by which an import knows what is there.
    if checkpoint and checkpoint.fold == terms.snapshots.fold and not lost and not terms.allow_import:
        await rehydration.cold(checkpoint)
        return "snapshots", rehydration.found_any
    await rehydration.whole(checkpoint, replies_lost=lost)
    return "events", rehydration.found_any


async def _goes_on(terms: Terms, logs: Logs, at: Standpoint, checkpoint: Checkpoint) -> bool:
    """Whether the logs, by their ends alone, may be those that were known so far."""
    ahead = any(reached.next_offset > logs.ends[tp] for tp, reached in logs.reached(at).items())
    return not ahead and not await _lost(terms, logs, at.replies.next_offset, checkpoint)


async def _lost(terms: Terms, logs: Logs, needed: int, checkpoint: Checkpoint) -> bool:
    """Whether replies from this offset on, which may still count, have been removed."""
    tp = logs.replies
    if logs.starts[tp] <= needed or needed >= checkpoint.replies:
        return False
    async with aclosing(read_log(terms.connection, {tp: logs.starts[tp]}, {tp: logs.ends[tp]})) as reading:
        async for _, records in reading:
            return bool((checkpoint.last_timestamp - records[0].timestamp) * 1000 < KEPT_MICROS)
    return True
