"""Whose transactions stand on a log, aborted ones too: no client shows it, the batches on the wire tell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords

_READ_UNCOMMITTED = 0
_BYTES = 4 << 20

# A producer and its epoch; every owner of a partition begins an epoch.
Epoch = tuple[int, int]


async def tenures(bootstrap_servers: str, topic: str, partition: int) -> list[Epoch]:
    """The epochs on a partition in the order of the log, each named once for as long as no other comes between."""
    tp = TopicPartition(topic, partition)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, isolation_level="read_uncommitted")
    await consumer.start()
    try:
        end = (await consumer.end_offsets([tp]))[tp]
    finally:
        await consumer.stop()
    client = AIOKafkaClient(bootstrap_servers=bootstrap_servers)
    await client.bootstrap()
    try:
        client.set_topics([topic])
        await client.force_metadata_update()
        leader = client.cluster.leader_for_partition(tp)
        found: list[Epoch] = []
        at = 0
        while at < end:
            request = FetchRequest(500, 1, _BYTES, _READ_UNCOMMITTED, [(topic, [(partition, at, _BYTES)])], rack_id="")
            answer = await client.send(leader, request)
            [(_, [(*_, raw)])] = answer.topics
            for epoch, at_next in _batches(raw):
                at = at_next
                found.extend(epoch)
        return [epoch for epoch, _ in groupby(found)]
    finally:
        await client.close()


def _batches(raw: bytes) -> Iterator[tuple[list[Epoch], int]]:
    """The epoch of each batch, none where it is a marker, and the offset behind it."""
    records = MemoryRecords(raw)
    while records.has_next():
        batch = records.next_batch()
        epochs = [] if batch.is_control_batch else [(batch.producer_id, batch.producer_epoch)]
        yield epochs, batch.next_offset
