"""A topic is read as one stream: whoever copies or lists it has all partitions in the order of their times."""

from __future__ import annotations

from random import Random
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from service.kafka.connection import connection
from service.kafka.scan import scan
from service.local.servers import Endpoints
from tests.running import PARTITIONS, apply_topics, settings_for

_RECORDS = 400


async def test_partitions_are_merged_by_time_and_each_keeps_its_order(servers: Endpoints) -> None:
    settings = settings_for(servers, f"scan-{uuid4().hex[:8]}.")
    topic = f"{settings.prefix}ship.events"
    await apply_topics(settings)
    random, at, wanted = Random(1), 1_000_000, []
    async with AIOKafkaProducer(bootstrap_servers=servers.bootstrap_servers) as producer:
        for number in range(_RECORDS):
            # One partition has many more than the others; some times are those of two partitions.
            at, partition = at + random.randint(0, 2), random.choice([0, 0, 0, *range(PARTITIONS - 1)])
            await producer.send(topic, b"%d" % number, partition=partition, timestamp_ms=at)
            wanted.append((at, partition, number))
        await producer.flush()
    told: list[tuple[int, int]] = []
    reading = scan(connection(settings), topic, dict.fromkeys(range(PARTITIONS), 0), lambda *done: told.append(done))
    found = [(record.timestamp, record.partition, int(record.value)) async for record in reading]

    assert sorted(wanted) == found
    assert (_RECORDS, _RECORDS) == told[-1]
