"""What a client began it ends: no reader of replies outlives it, nor the call that gave up waiting for it."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer

from fairlead import Client, NoReply
from fairlead.kafka import replies
from fairlead.kafka.consumers import partitions_of
from fairlead.ship import RegisterShip
from service.local.servers import Endpoints
from service.settings import Settings
from tests.running import apply_topics, settings_for

_SECONDS = 30.0


@pytest.fixture
async def settings(servers: Endpoints) -> Settings:
    settings = settings_for(servers, f"closed-{uuid4().hex[:8]}.")
    await apply_topics(settings)
    return settings


class Halfway:
    """Where a first send has what it reads replies with, and does not read yet."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached = asyncio.Event()
        self.on = asyncio.Event()

        async def held(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
            self.reached.set()
            await self.on.wait()
            return await partitions_of(consumer, topic)

        monkeypatch.setattr(replies, "partitions_of", held)


def readers() -> list[str]:
    names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return [name for name in names if name.startswith(("ReplyReader.", "Fetcher."))]


def client_of(settings: Settings) -> Client:
    return Client(bootstrap_servers=settings.bootstrap_servers, prefix=settings.prefix)


async def test_a_send_that_times_out_while_it_begins_leaves_no_reader(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    halfway = Halfway(monkeypatch)
    async with client_of(settings) as client:
        with pytest.raises(NoReply):
            await client.send(RegisterShip(name="x"), str(uuid4()), timeout=5)
        assert halfway.reached.is_set()
        assert [] == readers()


async def test_a_send_that_is_cancelled_while_it_begins_leaves_no_reader(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    halfway = Halfway(monkeypatch)
    async with client_of(settings) as client:
        sending = asyncio.create_task(client.send(RegisterShip(name="x"), str(uuid4())))
        await asyncio.wait_for(halfway.reached.wait(), _SECONDS)
        sending.cancel()
        await asyncio.wait({sending})
        assert [] == readers()


async def test_a_client_that_is_closed_while_a_first_send_begins_leaves_no_reader(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    halfway = Halfway(monkeypatch)
    async with client_of(settings) as client:
        sending = asyncio.create_task(client.send(RegisterShip(name="x"), str(uuid4()), timeout=5))
        await asyncio.wait_for(halfway.reached.wait(), _SECONDS)
    halfway.on.set()
    with pytest.raises(ConnectionError, match="closed"):
        await sending
    assert [] == readers()


@pytest.mark.parametrize("used", [False, True])
async def test_what_is_asked_of_a_closed_client_is_told_so_at_once(settings: Settings, *, used: bool) -> None:
    ship = str(uuid4())
    async with client_of(settings) as client:
        if used:
            await client.publish(RegisterShip(name="x"), ship)
    async with asyncio.timeout(_SECONDS / 2):
        with pytest.raises(ConnectionError, match="closed"):
            await client.send(RegisterShip(name="x"), ship, timeout=_SECONDS)
        with pytest.raises(ConnectionError, match="closed"):
            await client.publish(RegisterShip(name="x"), ship, timeout=_SECONDS)
        with pytest.raises(ConnectionError, match="closed"):
            await client.latest("ship")
    assert [] == readers()
