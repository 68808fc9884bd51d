"""What a caller is told where nobody answers, and that asking again never leads to two outcomes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from math import nan
from uuid import uuid4

import pytest
from confluent_kafka import Consumer

from fairlead import Client, NoReply
from fairlead.client import NotConfirmed, TopicsMissing, Unreachable
from fairlead.ship import DockShip, LoadCargo, RegisterShip
from service.local.child import until
from service.local.servers import Endpoints
from service.settings import Settings
from tests.ends import end_of
from tests.running import PARTITIONS, apply_topics, running_handler, settings_for

_SECONDS = 60.0


@pytest.fixture
async def settings(servers: Endpoints) -> Settings:
    """Topics that nobody works on yet."""
    settings = settings_for(servers, f"client-{uuid4().hex[:8]}.")
    await apply_topics(settings)
    return settings


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with Client(bootstrap_servers=settings.bootstrap_servers, prefix=settings.prefix) as client:
        yield client


def published(settings: Settings) -> int:
    """How many commands for ships there are."""
    consumer = Consumer({"bootstrap.servers": settings.bootstrap_servers, "group.id": "not-used"})
    try:
        return sum(end_of(consumer, f"{settings.prefix}ship.commands", number) for number in range(PARTITIONS))
    finally:
        consumer.close()


async def versions(client: Client, ship: str) -> list[int]:
    return [event.entityversion async for event in client.events("ship", entity_id=ship, follow=False)]


async def test_without_a_reply_the_command_is_named_and_can_be_sent_again(settings: Settings, client: Client) -> None:
    ship = str(uuid4())
    with pytest.raises(NoReply, match="again safely") as nothing:
        await client.send(RegisterShip(name="x"), ship, timeout=1)
    with pytest.raises(NoReply):
        await client.send(RegisterShip(name="x"), ship, command_id=nothing.value.command_id, timeout=1)
    async with running_handler(settings):
        # Answered behind what had waited: nobody hears of that reply any more.
        await client.send(LoadCargo(item="tea", quantity=1), ship)
        # Another process would do the same: all that it needs is the id.
        async with Client(bootstrap_servers=settings.bootstrap_servers, prefix=settings.prefix) as later:
            reply = await later.send(RegisterShip(name="x"), ship, command_id=nothing.value.command_id)
            assert [1] == await versions(later, ship)
    assert ("accepted", 1, True) == (reply.data.status, reply.data.entity_version, reply.data.duplicate)


async def test_what_is_published_behind_a_first_command_stands_behind_it(settings: Settings, client: Client) -> None:
    ship = str(uuid4())
    async with running_handler(settings):
        await asyncio.gather(client.send(RegisterShip(name="x"), ship), client.publish(DockShip(port="Rio"), ship))
        reply = await client.send(LoadCargo(item="tea", quantity=1), ship)
    assert ("accepted", 3) == (reply.data.status, reply.data.entity_version)


async def test_a_client_told_to_tries_again_by_itself_and_has_one_outcome(settings: Settings, client: Client) -> None:
    ship = str(uuid4())
    asking = asyncio.create_task(client.send(RegisterShip(name="x"), ship, timeout=1, attempts=60))
    assert await until(lambda: published(settings) >= 3, _SECONDS)
    async with running_handler(settings):
        reply = await asking
        # Each of the repeats has been judged when what was sent after them is answered.
        await client.send(LoadCargo(item="tea", quantity=1), ship)
        assert [1] == await versions(client, ship)
    assert ("accepted", 1) == (reply.data.status, reply.data.entity_version)


async def test_after_a_wait_of_no_length_the_same_id_is_answered(settings: Settings, client: Client) -> None:
    ship, id_ = str(uuid4()), str(uuid4())
    async with running_handler(settings):
        await client.send(RegisterShip(name="x"), ship)
        with pytest.raises(ValueError, match="NaN"):
            await client.send(LoadCargo(item="tea", quantity=1), ship, command_id=id_, timeout=nan)
        assert "not_docked" == (await client.send(LoadCargo(item="tea", quantity=1), ship, command_id=id_)).data.code


async def test_how_often_it_was_tried_is_told(client: Client) -> None:
    with pytest.raises(NoReply, match=r"command 0b9c within 0.2 s, 2 times") as nothing:
        await client.send_raw("user", "delete_user", str(uuid4()), {}, command_id="0b9c", timeout=0.2, attempts=2)
    assert "0b9c" == nothing.value.command_id


async def test_what_no_broker_confirms_in_time_may_be_sent_again(client: Client) -> None:
    with pytest.raises(NotConfirmed, match="may or may not have been published") as unknown:
        await client.publish(RegisterShip(name="x"), str(uuid4()), command_id="0b9c", timeout=0)
    assert "0b9c" == unknown.value.command_id


async def test_missing_topics_are_named(servers: Endpoints) -> None:
    async with Client(bootstrap_servers=servers.bootstrap_servers, prefix="nowhere.") as client:
        with pytest.raises(TopicsMissing, match=r"nowhere\.ship\.commands"):
            await client.send(RegisterShip(name="x"), str(uuid4()))
        with pytest.raises(TopicsMissing, match=r"nowhere\.ship\.events"):
            await anext(client.events("ship"))


async def test_no_broker_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="No Kafka broker answers"):
        await Client(bootstrap_servers="127.0.0.1:1").__aenter__()


async def test_what_is_awaited_when_the_client_is_closed_is_told_so(settings: Settings) -> None:
    async with Client(bootstrap_servers=settings.bootstrap_servers, prefix=settings.prefix) as client:
        following = asyncio.create_task(anext(client.events("ship")))
        asking = asyncio.create_task(client.send(RegisterShip(name="x"), str(uuid4())))
        assert await until(lambda: published(settings) >= 1, _SECONDS)
    for awaited in (asking, following):
        with pytest.raises(ConnectionError):
            await awaited
