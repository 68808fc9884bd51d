"""The topics to which an aggregate moves: made anew, closed until all is there, and beginning beyond the old ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from service.commands.ports import Draft
from service.kafka.batches import batches
from service.kafka.checkpoint import COPY, Checkpoint, Needed
from service.kafka.moving.closing import write_at_once
from service.kafka.moving.places import NotMovable, Place
from service.kafka.presence import present
from service.kafka.retention import retention_of
from service.kafka.stopping import stop_within
from service.kafka.topic_making import apply_topics, delete_topics
from service.kafka.topics import AGED, KINDS, administrator, partition_counts

Passed = Callable[[int, int], None]

# The broker takes batches of at most 256 KiB on this topic.
_BATCH_BYTES = 200 * 1024
_FILLED = 20_000


async def existing(place: Place) -> Place | None:
    """What is there of these topics, with the partitions that they have; None where there are none.

    Raises NotMovable where some are missing, unless it is a copy that was not wholly made, or not wholly deleted, and
    LookupError where the broker does not say what is there.
    """
    names = {place.topics.name(kind): kind for kind in KINDS}
    async with administrator(place.connection) as admin:
        there = await present(admin, names)
    if not there:
        return None
    counts = await partition_counts(place.connection, there)
    if len(set(counts.values())) > 1:
        raise NotMovable(f"{', '.join(sorted(there))}: their numbers of partitions differ: see whose they are")
    kinds = [kind for name, kind in names.items() if name in there]
    found = replace(place, partitions=next(iter(counts.values())), kinds=kinds)
    if (missing := names.keys() - there) and not await found.is_empty():
        known = await found.checkpoints()
        if not known or any(one.copy_of is None for one in known.values()):
            told = ", ".join(sorted(missing))
            raise NotMovable(f"{told}: missing, though others of them are there: see whose they are")
    return found


async def make_room(place: Place, source: Place, first: int, replication: int, passed: Passed) -> None:
    """Topics with nothing in them, whose first command will have this offset."""
    await remove(place)
    connection, topics = place.connection, place.topics
    # As long as where it comes from: what is older than by default would be gone as soon as it is copied.
    kept_ms = {kind: (await retention_of(connection, source.topics.name(kind))).kept_ms for kind in AGED}
    making = [topics.aggregate], topics.prefix, kept_ms
    await apply_topics(connection, *making, partitions=place.partitions, replication=replication)
    at = Checkpoint(first, first - 1, 0, 0, 0, Needed(), COPY, place.partitions, source.topics.prefix)
    await write_at_once(place, ((topics.snapshots, number, at.draft()) for number in range(place.partitions)))
    await _begin_commands_at(place, first, passed)


async def remove(place: Place) -> None:
    """Delete the topics, and return once they are gone; raises TopicsRefused."""
    # That it is a copy stands in the snapshots: whoever finds only a few of its topics learns it from there.
    for kinds in ([kind for kind in KINDS if kind != "snapshots"], ["snapshots"]):
        await delete_topics(place.connection, [place.topics.name(kind) for kind in kinds])


async def require_room(place: Place, source: Place) -> None:
    """Raise NotMovable unless what is there may be deleted: an earlier copy that was never used, or nothing at all."""
    there = await existing(place)
    if there is not None and not (await there.is_copy_of(source.topics.prefix) or await there.is_empty()):
        raise NotMovable(
            f"{place.topics.name('*')} are there, and are no copy that was left unfinished: choose another prefix"
        )


async def _begin_commands_at(place: Place, first: int, passed: Passed) -> None:
    """Fill the commands up to this offset, and remove what they were filled with.

    The id of a reply is made of its command's partition and offset, and what waits for a redrive is known by its
    offset: a new command must not come to have that of an old one.
    """
    producer = AIOKafkaProducer(
        **place.connection, acks="all", enable_idempotence=True, max_batch_size=_BATCH_BYTES, linger_ms=0
    )
    topic, total = place.topics.commands, first * place.partitions
    try:
        await producer.start()
        for partition in range(place.partitions):
            for begun in range(0, first, _FILLED):
                fill = [Draft(None, None, [], 0)] * min(_FILLED, first - begun)
                for batch in batches(producer.create_batch, fill):
                    await (await producer.send_batch(batch, topic, partition=partition))
                passed(partition * first + begun + len(fill), total)
    finally:
        await stop_within(producer, 5.0)
    everything = {TopicPartition(topic, number): RecordsToDelete(first) for number in range(place.partitions)}
    async with administrator(place.connection) as admin:
        await admin.delete_records(everything)
