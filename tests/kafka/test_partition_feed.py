"""What comes while a batch is worked on waits as one batch, and no more of it than that is held."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from service.kafka.partition_feed import Batch, PartitionFeed
from service.kafka.topics import Topics
from service.local.servers import Endpoints
from tests.chaos.handlers import eventually
from tests.running import apply_topics, settings_for


@pytest.mark.parametrize(("at_most", "expected"), [(10, [(3, 3)]), (2, [(2, 2), (1, 3)])])
async def test_several_fetches_become_one_batch_of_no_more_than_may_be(
    servers: Endpoints, at_most: int, expected: list[tuple[int, int]]
) -> None:
    settings = settings_for(servers, f"feed{at_most}.")
    await apply_topics(settings)
    tp = TopicPartition(Topics("ship", settings.prefix).commands, 0)
    connection = {"bootstrap_servers": servers.bootstrap_servers}
    async with (
        AIOKafkaProducer(**connection) as producer,
        AIOKafkaConsumer(**connection, auto_offset_reset="none", enable_auto_commit=False) as consumer,
        asyncio.timeout(30),
    ):
        consumer.assign([tp])
        feed = PartitionFeed(consumer, tp, at_most, _lost, LookupError)
        feed.start(0)
        for number in range(3):
            await producer.send_and_wait(tp.topic, b"%d" % number, partition=tp.partition)
            await eventually(lambda at=number: feed.waiting_at != at, "it is read, unless there is no room")  # type: ignore[misc]
        batches = [await feed.next(30) for _ in expected]
        assert await feed.next(0) is None
        feed.stop()
    assert expected == [(len(batch.records), batch.next_offset) for batch in batches if isinstance(batch, Batch)]


def _lost(error: BaseException) -> None:
    raise error
