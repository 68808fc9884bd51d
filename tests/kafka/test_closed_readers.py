"""In an outage an owner tries for as long as it takes: what it tried with is not left behind."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from service.kafka.log_reader import open_reader
from service.kafka.stopping import stop_within
from service.local.child import until
from service.local.servers import Endpoints


async def test_a_reader_that_found_no_broker_is_closed() -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(KafkaConnectionError):
            async with open_reader({"bootstrap_servers": "127.0.0.1:1"}, "read_committed"):
                pass
        gc.collect()

    assert [] == [str(one.message) for one in warned if issubclass(one.category, ResourceWarning)]


async def test_a_client_is_closed_though_whoever_stops_it_is_cancelled(servers: Endpoints) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=servers.bootstrap_servers)
    await producer.start()
    sender = producer._sender  # noqa: SLF001  # what would go on for ever
    stopping = asyncio.create_task(stop_within(producer, 5.0))
    while not producer._closed:  # noqa: SLF001, ASYNC110  # it says so to nobody, and is done soon
        await asyncio.sleep(0)
    stopping.cancel()
    await asyncio.wait({stopping})

    assert await until(sender.sender_task.done, 5.0)


async def test_connections_are_closed_though_the_client_is_cancelled_halfway_through_its_stop(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers.bootstrap_servers)
    await consumer.start()
    await consumer.topics()
    connections = [*consumer._client._conns.values()]  # noqa: SLF001  # what is to be closed
    close = consumer._fetcher.close  # noqa: SLF001  # where aiokafka awaits requests that it has just cancelled

    async def cancelled() -> None:
        await close()
        raise asyncio.CancelledError

    monkeypatch.setattr(consumer._fetcher, "close", cancelled)  # noqa: SLF001  # as above
    await stop_within(consumer, 5.0)

    assert connections
    assert not any(one.connected() for one in connections)
