"""While no broker answers, whoever stops reading is told what their own reading came to, and no connection is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import NodeNotReadyError

from fairlead.kafka.consumers import starting, stop
from fairlead.kafka.followers import Followers
from fairlead.kafka.replies import ReplyReader
from service.local.servers import Endpoints
from tests.running import apply_topics, settings_for

_SECONDS = 30.0
# So long that a fetch is where it is in an outage all but always: waiting to try again.
_BACKOFF_MS = 600_000


class Outage:
    """A consumer that was reading when its broker went away."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self.consumer = consumer
        # Those of aiokafka's own: there is no other way to them.
        self._connections = [*consumer._client._conns.values()]  # noqa: SLF001
        self._failed = asyncio.Event()
        consumer._client.send = self._send  # noqa: SLF001

    async def begun(self) -> None:
        """Once a fetch of it has failed."""
        async with asyncio.timeout(_SECONDS):
            await self._failed.wait()
        await asyncio.sleep(0)  # until it waits to try again

    @property
    def connected(self) -> bool:
        """Whether any connection is left."""
        assert self._connections
        return any(one.connected() for one in self._connections)

    async def _send(self, *_: Any, **__: Any) -> None:
        self._failed.set()
        raise NodeNotReadyError("The broker is gone")


@asynccontextmanager
async def beginning(servers: Endpoints) -> AsyncIterator[Outage]:
    """A reader that begins, and whose broker goes away meanwhile."""
    settings = settings_for(servers, f"outage-{uuid4().hex[:8]}.")
    await apply_topics(settings)
    topic = f"{settings.prefix}ship.events"
    connection = {"bootstrap_servers": servers.bootstrap_servers, "retry_backoff_ms": _BACKOFF_MS}
    async with starting(connection, topic, auto_offset_reset="none") as consumer:
        outage = Outage(consumer)
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        consumer.seek(place, 0)
        await outage.begun()
        yield outage


@pytest.fixture
async def outage(servers: Endpoints) -> Outage:
    async with beginning(servers) as outage:
        return outage


async def test_the_error_of_who_reads_arrives_and_no_connection_is_left(outage: Outage) -> None:
    with pytest.raises(ValueError, match="the database is down"):
        async with Followers().reading(outage.consumer):
            raise ValueError("the database is down")
    assert not outage.connected


async def test_closing_ends_the_connections_of_all_who_read(outage: Outage) -> None:
    followers, begun = Followers(), asyncio.Event()

    async def read() -> None:
        async with followers.reading(outage.consumer):
            begun.set()
            while True:
                await outage.consumer.getmany(timeout_ms=60_000)

    reading = asyncio.create_task(read())
    await begun.wait()
    await followers.close()
    assert not outage.connected
    with pytest.raises(ConnectionError, match="closed"):
        await reading


async def test_a_reader_of_replies_can_be_replaced(outage: Outage) -> None:
    await ReplyReader(outage.consumer).stop()
    assert not outage.connected


async def test_who_is_cancelled_while_stopping_leaves_no_connection(outage: Outage) -> None:
    stopping = asyncio.create_task(stop(outage.consumer))
    await asyncio.sleep(0)
    stopping.cancel()
    with suppress(asyncio.CancelledError):
        await stopping
    async with asyncio.timeout(_SECONDS):
        while outage.connected:  # noqa: ASYNC110  # it says so to nobody
            await asyncio.sleep(0)


async def test_what_failed_while_it_began_is_told(servers: Endpoints) -> None:
    with pytest.raises(ValueError, match="the database is down"):
        async with beginning(servers) as outage:
            raise ValueError("the database is down")
    assert not outage.connected
