"""Records go to the partition where their key lies among more of them, byte for byte and in their order."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import aclosing
from typing import Any

from aiokafka import AIOKafkaProducer

from fairlead.kafka.partitions import known_partition_of
from service.commands.ports import Draft
from service.kafka.batches import batches
from service.kafka.moving.places import Place
from service.kafka.scan import Progress, scan
from service.kafka.stopping import stop_within

# What readers of other services, and the handlers themselves, need: commands are judged, and snapshots are a cache.
COPIED = ("events", "replies", "dead-letters")

_BATCH_BYTES = 512 * 1024
_AT_ONCE = 5_000
_BYTES_AT_ONCE = 8 * 1024 * 1024


def place_of(record: Any, partitions: int) -> int:
    """The partition of a record among so many; one without a key stays where it is."""
    return record.partition if record.key is None else known_partition_of(record.key, partitions)


async def copy(source: Place, target: Place, kind: str, progress: Progress) -> int:
    """Copy a topic; returns how many records. Records of all partitions come in the order of their times."""
    producer = AIOKafkaProducer(
        **target.connection, acks="all", enable_idempotence=True, max_batch_size=_BATCH_BYTES, linger_ms=0
    )
    count, size, drafts = 0, 0, defaultdict[int, list[Draft]](list)
    everywhere = dict.fromkeys(range(source.partitions), 0)
    try:
        await producer.start()
        async with aclosing(scan(source.connection, source.topics.name(kind), everywhere, progress)) as records:
            async for record in records:
                where = place_of(record, target.partitions)
                drafts[where].append(Draft(record.key, record.value, [*record.headers], record.timestamp))
                count += 1
                size += len(record.key or b"") + len(record.value or b"")
                if count % _AT_ONCE == 0 or size >= _BYTES_AT_ONCE:
                    await _send(producer, target.topics.name(kind), drafts)
                    size = 0
        await _send(producer, target.topics.name(kind), drafts)
    finally:
        await stop_within(producer, 5.0)
    return count


async def _send(producer: AIOKafkaProducer, topic: str, drafts: dict[int, list[Draft]]) -> None:
    sent = [
        await producer.send_batch(batch, topic, partition=partition)
        for partition, some in drafts.items()
        for batch in batches(producer.create_batch, some)
    ]
    drafts.clear()
    await asyncio.gather(*sent)
