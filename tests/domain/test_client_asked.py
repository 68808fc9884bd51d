"""What is asked of a client in vain is told at once; what it cannot read leaves a place to go on from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from fairlead import Client
from fairlead.failures import UnreadableEvent
from fairlead.ship import CargoLoaded, RegisterShip, ShipDeparted, ShipRegistered
from fairlead.testing import InMemoryClient
from fairlead.user import UserDeleted

SHIP = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"
REGISTER = RegisterShip(name="x")
ASKED: dict[str, Callable[[Client], Awaitable[object]]] = {
    "send": lambda client: client.send(REGISTER, SHIP),
    "publish": lambda client: client.publish(REGISTER, SHIP),
    "latest": lambda client: client.latest("user"),
    "events": lambda client: anext(client.events("user")),
}


@pytest.mark.parametrize("ask", ["send", "publish", "latest", "events"])
async def test_before_a_client_is_entered_it_says_so_with_kafka_and_without(ask: str) -> None:
    prepared = InMemoryClient(lambda *_: [ShipRegistered(name="x")])
    prepared.happened("user", "7", UserDeleted())
    for client in (Client(bootstrap_servers="127.0.0.1:1"), prepared):
        with pytest.raises(ConnectionError, match="Enter the client first"):
            await ASKED[ask](client)
    assert () == prepared.sent


@pytest.mark.parametrize("ask", ["send", "publish", "latest", "events"])
async def test_a_closed_client_without_kafka_answers_nothing_as_that_with_it(ask: str) -> None:
    async with InMemoryClient() as client:
        client.answer(RegisterShip, [ShipRegistered(name="x")])
        await client.send(REGISTER, SHIP)
    with pytest.raises(ConnectionError, match="closed"):
        await ASKED[ask](client)
    with pytest.raises(ConnectionError, match="closed"):
        await client.__aenter__()
    assert 1 == len(client.sent)


@pytest.mark.parametrize(
    ("aggregate", "entity_id"),
    [("ship", SHIP.upper()), ("ship", UUID(SHIP)), ("ship", "7"), ("ship", ""), ("user", "+7"), ("user", SHIP + "\n")],
)
async def test_an_id_that_no_entity_has_is_not_waited_for(aggregate: str, entity_id: Any) -> None:
    async with InMemoryClient() as client:
        with pytest.raises(ValueError, match=f"is no id of a {aggregate}"):
            await anext(client.events(aggregate, entity_id=entity_id, follow=False))
        with pytest.raises(ValueError, match=f"is no id of a {aggregate}"):
            await client.latest(aggregate, entity_id=entity_id)
        assert [] == [event async for event in client.events("user", entity_id="-7", follow=False)]


@pytest.mark.parametrize("misspelt", ["expectedversion", "commandid", "attempt"])
async def test_a_misspelt_keyword_is_not_passed_over(misspelt: str) -> None:
    extras: dict[str, Any] = {"correlation_id": "tour", misspelt: 7}
    async with InMemoryClient() as client:
        client.answer(RegisterShip, [ShipRegistered(name="x")])
        for ask in (client.send, client.publish):
            with pytest.raises(TypeError, match=f"'{misspelt}'.*command_id, .*expected_version"):
                await ask(REGISTER, SHIP, **extras)
        assert () == client.sent


async def test_behind_an_event_that_a_step_cannot_bring_up_reading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = CargoLoaded(item="tea", quantity=5, port="Rio")
    async with InMemoryClient() as client:
        client.happened("ship", SHIP, ShipDeparted(departed_from="Rio"), loaded)
        monkeypatch.setattr(ShipDeparted, "upcasters", (lambda data: {"port": data.departed_from},))
        with pytest.raises(UnreadableEvent) as unread:
            await anext(client.events("ship", follow=False))
        after = client.events("ship", after=unread.value.token, follow=False)
        assert [loaded] == [event.data async for event in after]
