"""A command that the broker takes for no price is the end of that command, and of no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType

from fairlead import Client
from fairlead.bounds import MAX_VALUE_BYTES
from fairlead.client import TooLarge
from fairlead.outgoing import Extras, encode
from fairlead.ship import RegisterShip
from service.local.servers import Endpoints
from service.settings import Settings
from tests.running import apply_topics, running_handler, settings_for

_SECONDS = 30.0
# More than all small commands of a batch, and less than a batch.
_ROOM = 100_000


@pytest.fixture
async def settings(servers: Endpoints) -> Settings:
    settings = settings_for(servers, f"refused-{uuid4().hex[:8]}.")
    await apply_topics(settings)
    return settings


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with (
        running_handler(settings),
        Client(bootstrap_servers=settings.bootstrap_servers, prefix=settings.prefix) as client,
    ):
        yield client


async def narrow(settings: Settings) -> None:
    """Have the topic take less than the client knows."""
    entry = ConfigEntry("max.message.bytes", str(_ROOM), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, f"{settings.prefix}ship.commands", incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
    [future] = admin.incremental_alter_configs([resource]).values()
    await asyncio.to_thread(future.result, _SECONDS)


async def test_after_a_refusal_commands_to_its_partition_are_answered(settings: Settings, client: Client) -> None:
    await narrow(settings)
    ship = str(uuid4())
    await client.send(RegisterShip(name="x"), ship)
    for _ in range(2):
        with pytest.raises(TooLarge, match="not sent"):
            await client.send_raw("ship", "dock_ship", ship, {"port": "x" * _ROOM})
        reply = await client.send_raw("ship", "dock_ship", ship, {"port": "Rio"})
        assert "accepted" == reply.data.status
        await client.publish(RegisterShip(name="x"), ship)


async def test_a_refusal_takes_nothing_from_commands_to_other_partitions(settings: Settings, client: Client) -> None:
    await narrow(settings)
    ships = [str(uuid4()) for _ in range(400)]
    for _ in range(5):
        # The large one has a batch of its own, while others are under way.
        refused = client.send_raw("ship", "dock_ship", str(uuid4()), {"port": "x" * 140_000})
        sent = (client.send_raw("ship", "depart_ship", ship, {}) for ship in ships)
        told, *replies = await asyncio.gather(refused, *sent, return_exceptions=True)
        assert isinstance(told, TooLarge)
        assert [] == [reply for reply in replies if isinstance(reply, BaseException)]


@pytest.mark.parametrize("extras", [Extras(), Extras(traceparent="0" * 55, tracestate="x" * 500)])
async def test_the_largest_command_that_the_client_lets_through_is_taken(client: Client, extras: Extras) -> None:
    low, high, ship = 0, MAX_VALUE_BYTES, str(uuid4())
    while low + 1 < high:
        size = (low + high) // 2
        try:
            encode("/fairlead/client", "ship", "dock_ship", ship, {"port": "x" * size}, extras)
        except TooLarge:
            high = size
        else:
            low = size
    reply = await client.send_raw("ship", "dock_ship", ship, {"port": "x" * low}, **extras)
    assert "invalid_command" == reply.data.code
    with pytest.raises(TooLarge, match="not sent"):
        await client.send_raw("ship", "dock_ship", ship, {"port": "x" * high}, **extras)
