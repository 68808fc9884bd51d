"""Topics are closed to handlers by a word in their checkpoints, which an owner writes: nobody else owns them then."""

from __future__ import annotations

from collections.abc import Container, Iterable
from contextlib import aclosing
from dataclasses import replace

from aiokafka import AIOKafkaProducer, TopicPartition

from service.commands.ports import Draft
from service.kafka.checkpoint import Checkpoint
from service.kafka.checkpoints import last_checkpoints
from service.kafka.dead_letters import parked_entities
from service.kafka.log_reader import read_log
from service.kafka.moving.places import NotMovable, Place
from service.kafka.scan import Progress
from service.kafka.stopping import stop_within
from service.kafka.transaction import PartitionProducer

_TIMEOUT_MS = 60_000
_COMMIT_SECONDS = 30.0
_STOP_SECONDS = 5.0

Write = tuple[str, int, Draft]


async def fence(place: Place) -> None:
    """Be the owner of each partition for a moment: whoever was is so no longer, and what it had open is settled."""
    for partition in range(place.partitions):
        await _own(place, partition, None)


async def close_for(place: Place, to: str, passed: Progress) -> dict[int, Checkpoint]:
    """Close topics of which all is judged and nothing is parked, for those of another prefix; where each stands.

    Raises NotMovable, and then they are open.
    """
    known = await place.checkpoints()
    if others := {one.moved_to for one in known.values()} - {None, to}:
        raise NotMovable(f"{place.topics.name('*')} are closed for another prefix: {others.pop()!r}")
    at = await _close(place, known, to)
    if reason := await _unfinished(place, at, passed):
        opened = [(place.topics.snapshots, number, replace(one, moved_to=None).draft()) for number, one in at.items()]
        await write_at_once(place, opened)
        raise NotMovable(reason)
    return at


async def _unfinished(place: Place, at: dict[int, Checkpoint], passed: Progress) -> str | None:
    if count := await waiting(place, at):
        return f"{count} commands wait in {place.topics.commands}: have handlers judge them, and let nobody publish"
    if parked := await parked_entities(place.connection, place.topics, place.partitions, passed):
        return (
            f"{len(parked)} entities are parked, and what waits for them is known by where it stands: redrive or "
            "discard it first (`fairlead dead-letters`)"
        )
    return None


async def _close(place: Place, known: Container[int], to: str) -> dict[int, Checkpoint]:
    """Fence all owners, and have none begin again, since the topics are those of another prefix; where each stands."""
    # Whoever begins on a partition without a checkpoint looks for the word in the others.
    for partition in sorted(range(place.partitions), key=lambda number: number not in known):
        await _own(place, partition, to)
    return await place.checkpoints()


async def _own(place: Place, partition: int, to: str | None) -> None:
    producer = PartitionProducer(
        place.connection,
        place.topics.transactional_id(partition),
        partition,
        timeout_ms=_TIMEOUT_MS,
        commit_timeout=_COMMIT_SECONDS,
    )
    try:
        await producer.start()
        if to is None:
            return
        # Not before the fence: until then its owner may have written another.
        at = (await last_checkpoints(place.connection, place.topics, [partition])).get(partition)
        if at is not None and at.moved_to != to:
            await producer.write([(place.topics.snapshots, [replace(at, moved_to=to).draft()])])
    finally:
        await producer.stop()


async def write_at_once(place: Place, writes: Iterable[Write]) -> None:
    """Write all of these, each to its topic and partition, in one transaction: all of it holds, or none."""
    producer = AIOKafkaProducer(
        **place.connection,
        transactional_id=f"{place.topics.prefix}fairlead.{place.topics.aggregate}.migrate",
        acks="all",
    )
    try:
        await producer.start()
        async with producer.transaction():
            # A refused one would not stop the commit.
            for topic, partition, draft in writes:
                await producer.send_and_wait(topic, draft.value, draft.key, partition, draft.timestamp)
    finally:
        await stop_within(producer, _STOP_SECONDS)


async def waiting(place: Place, at: dict[int, Checkpoint]) -> int:
    """How many commands nobody has judged, where judging stands there."""
    bounds = await place.bounds("commands")
    starts, ends = {}, {}
    for partition, (start, end) in bounds.items():
        tp = TopicPartition(place.topics.commands, partition)
        starts[tp], ends[tp] = at[partition].next_offset if partition in at else start, end
    count = 0
    async with aclosing(read_log(place.connection, starts, ends)) as reading:
        async for _, records in reading:
            count += len(records)
    return count
