"""What comes while a batch is worked on waits as one batch, and no more of it than that is held."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from service.kafka import partition_feed
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


async def test_what_is_large_is_not_read_ahead_until_there_are_many_of_it(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_feed, "_READ_AHEAD_BYTES", 150_000)
    settings = settings_for(servers, "feed-large.")
    await apply_topics(settings)
    tp = TopicPartition(Topics("ship", settings.prefix).commands, 0)
    connection = {"bootstrap_servers": servers.bootstrap_servers}
    async with (
        AIOKafkaProducer(**connection) as producer,
        # One record is more than a fetch asks for.
        AIOKafkaConsumer(
            **connection, auto_offset_reset="none", enable_auto_commit=False, max_partition_fetch_bytes=1
        ) as consumer,
        asyncio.timeout(30),
    ):
        for _ in range(5):
            await producer.send_and_wait(tp.topic, b" " * 100_000, partition=tp.partition)
        consumer.assign([tp])
        feed = PartitionFeed(consumer, tp, 1_000, _lost, LookupError)
        feed.start(0)
        sizes: list[int] = []
        while sum(sizes) < 5:
            await _settled(feed, 5)
            batch = await feed.next(30)
            assert batch is not None
            sizes.append(len(batch.records))
        feed.stop()
    # With the one that is more than may be.
    assert [2, 2, 1] == sizes


async def _settled(feed: PartitionFeed, end: int) -> None:
    """Return once it has read all, or waits for room: what it asks the broker for comes at once."""
    looks = 0
    while looks < 25:
        looks = looks + 1 if feed.waiting_at in {None, end} else 0
        await asyncio.sleep(0.02)


def _lost(error: BaseException) -> None:
    raise error
