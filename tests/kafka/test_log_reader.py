"""What is read of one log goes no further than its mark: another log, read to its own, may not tell of it yet."""

from __future__ import annotations

from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from service.kafka.connection import connection
from service.kafka.log_reader import read_log
from service.local.servers import Endpoints
from tests.running import apply_topics, settings_for


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 13), (7, 13), (13, 13)])
async def test_no_record_behind_the_mark_is_told(servers: Endpoints, start: int, end: int) -> None:
    settings = settings_for(servers, f"marks-{uuid4().hex[:8]}.")
    tp = TopicPartition(f"{settings.prefix}ship.events", 0)
    await apply_topics(settings)
    async with AIOKafkaProducer(bootstrap_servers=servers.bootstrap_servers) as producer:
        for number in range(20):
            await producer.send_and_wait(tp.topic, b"%d" % number, partition=tp.partition)
    reading = read_log(connection(settings), {tp: start}, {tp: end})
    assert list(range(start, end)) == [record.offset async for _, records in reading for record in records]
