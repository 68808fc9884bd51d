"""A caller asks and is answered: each by its own reply, and safely again when none came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from pydantic import SecretStr

from fairlead import Client, NoReply
from fairlead.bounds import Message
from fairlead.client import NotConfirmed, TooLarge, TopicsMissing, Unreachable
from fairlead.ship import DockShip, LoadCargo, RegisterShip
from service import app
from service.local.servers import Endpoints
from service.settings import Settings


@pytest.fixture(scope="module")
async def settings(servers: Endpoints) -> Settings:
    settings = Settings(
        bootstrap_servers=servers.bootstrap_servers, database_url=SecretStr(servers.database_url), prefix="client."
    )
    await app.apply_topics(settings, partitions=4, replication=1)
    return settings


@pytest.fixture(scope="module")
async def client(settings: Settings) -> AsyncIterator[Client]:
    handler = asyncio.create_task(app.run_handler(settings, ["ship"]))
    async with Client(bootstrap_servers=settings.bootstrap_servers, prefix=settings.prefix) as client:
        yield client
    handler.cancel()
    await asyncio.wait([handler])


async def test_a_command_is_answered_with_its_outcome(client: Client) -> None:
    ship = str(uuid4())
    reply = await client.send(RegisterShip(name="Pacific Explorer"), ship, correlation_id="tour")
    assert ("accepted", 1, ["ShipRegistered"]) == (
        reply.data.status,
        reply.data.entity_version,
        [event.type for event in reply.data.events],
    )
    assert (ship, "tour") == (reply.subject, reply.correlationid)


async def test_a_refusal_is_a_reply(client: Client) -> None:
    reply = await client.send(LoadCargo(item="rice", quantity=1), str(uuid4()))
    assert ("rejected", "not_found") == (reply.data.status, reply.data.code)


async def test_an_expected_version_is_held_to(client: Client) -> None:
    reply = await client.send(RegisterShip(name="x"), str(uuid4()), expected_version=4)
    assert ("conflict", "version_conflict", 0) == (reply.data.status, reply.data.code, reply.data.entity_version)


@pytest.mark.parametrize("entity_id", ["", "x", "x" * 300, "船"])
async def test_what_is_malformed_is_answered_by_the_service(client: Client, entity_id: str) -> None:
    reply = await client.send_raw("ship", "dock_ship", entity_id, {"port": "Rio"}, timeout=10)
    assert ("invalid", "invalid_command") == (reply.data.status, reply.data.code)


async def test_a_type_that_is_no_command_is_answered_by_the_service(client: Client) -> None:
    reply = await client.send_raw("ship", "fly_ship", str(uuid4()), {})
    assert ("invalid", "Unknown command: fly_ship") == (reply.data.status, reply.data.message)


async def test_an_id_sent_again_is_carried_out_once(client: Client) -> None:
    ship, command_id = str(uuid4()), str(uuid4())
    replies = [await client.send(RegisterShip(name="x"), ship, command_id=command_id) for _ in range(2)]
    assert [False, True] == [reply.data.duplicate for reply in replies]
    assert replies[0].data.events == replies[1].data.events


async def test_the_same_id_at_once_gives_each_its_own_reply(client: Client) -> None:
    ship, command_id = str(uuid4()), str(uuid4())
    await client.send(RegisterShip(name="x"), ship)
    ports = ("Rio", "Lagos", "Rio")
    replies = await asyncio.gather(*(client.send(DockShip(port=port), ship, command_id=command_id) for port in ports))
    assert [None, "id_reused", None] == [reply.data.code for reply in replies]
    assert [False, False, True] == [reply.data.duplicate for reply in replies]


async def test_one_id_for_many_entities_gives_each_its_own_reply(client: Client) -> None:
    ships, command_id = [str(uuid4()) for _ in range(20)], str(uuid4())
    replies = await asyncio.gather(
        *(client.send(RegisterShip(name="x"), ship, command_id=command_id) for ship in ships)
    )
    assert ships == [reply.subject for reply in replies]


async def test_thousands_wait_at_once(client: Client) -> None:
    ships = [str(uuid4()) for _ in range(3_000)]
    replies = await asyncio.gather(*(client.send(RegisterShip(name="x"), ship, timeout=60) for ship in ships))
    assert ships == [reply.subject for reply in replies]
    assert {"accepted"} == {reply.data.status for reply in replies}


async def test_publishing_waits_for_nobody_and_names_the_command(client: Client) -> None:
    ship = str(uuid4())
    command_id = await client.publish(RegisterShip(name="x"), ship)
    replies = [await client.send(RegisterShip(name="x"), ship, command_id=command_id) for _ in range(2)]
    assert [("accepted", 1)] * 2 == [(reply.data.status, reply.data.entity_version) for reply in replies]


async def test_too_large_a_command_is_not_sent(client: Client) -> None:
    with pytest.raises(TooLarge, match="not sent"):
        await client.send_raw("ship", "dock_ship", str(uuid4()), {"port": "x" * 300_000})


async def test_a_message_that_is_no_command_is_refused(client: Client) -> None:
    with pytest.raises(LookupError, match="no command"):
        await client.send(Message(), str(uuid4()))


async def test_without_a_reply_the_command_is_named_and_can_be_sent_again(settings: Settings) -> None:
    # Nobody handles users here.
    async with Client(bootstrap_servers=settings.bootstrap_servers, prefix=settings.prefix) as client:
        with pytest.raises(NoReply, match="again safely") as nothing:
            await client.send_raw("user", "delete_user", str(uuid4()), {}, command_id="0b9c", timeout=0.5)
    assert nothing.value.command_id == "0b9c"


async def test_what_no_broker_confirms_in_time_may_be_sent_again(client: Client) -> None:
    with pytest.raises(NotConfirmed, match="may or may not have been published") as unknown:
        await client.publish(RegisterShip(name="x"), str(uuid4()), command_id="0b9c", timeout=0)
    assert unknown.value.command_id == "0b9c"


async def test_missing_topics_are_named(servers: Endpoints) -> None:
    async with Client(bootstrap_servers=servers.bootstrap_servers, prefix="nowhere.") as client:
        with pytest.raises(TopicsMissing, match=r"nowhere\.ship\.commands"):
            await client.send(RegisterShip(name="x"), str(uuid4()))


async def test_no_broker_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="No Kafka broker answers"):
        await Client(bootstrap_servers="127.0.0.1:1").__aenter__()
