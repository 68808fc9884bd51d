"""A caller asks and is answered: each by its own reply, from the service as from its twin."""

from __future__ import annotations

import asyncio
from math import inf
from uuid import uuid4

import pytest

from fairlead import Client
from fairlead.bounds import Message
from fairlead.client import TooLarge, TopicsMissing
from fairlead.ship import DockShip, LoadCargo, RegisterShip


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
    ship = str(uuid4())
    reply = await client.send(LoadCargo(item="rice", quantity=1), ship)
    assert ("rejected", "not_found", 0) == (reply.data.status, reply.data.code, reply.data.entity_version)
    assert f"Ship with ID {ship} not found" == reply.data.message


async def test_an_expected_version_is_held_to(client: Client) -> None:
    ship = str(uuid4())
    late = await client.send(RegisterShip(name="x"), ship, expected_version=4)
    assert ("conflict", "version_conflict", 0) == (late.data.status, late.data.code, late.data.entity_version)
    timely = await client.send(RegisterShip(name="x"), ship, expected_version=0)
    assert "accepted" == timely.data.status


@pytest.mark.parametrize("entity_id", ["", "x", "x" * 300, "船"])
async def test_what_is_malformed_is_answered(client: Client, entity_id: str) -> None:
    reply = await client.send_raw("ship", "dock_ship", entity_id, {"port": "Rio"}, timeout=10)
    assert ("invalid", "invalid_command", None) == (reply.data.status, reply.data.code, reply.data.entity_version)


async def test_data_out_of_its_bounds_is_answered_with_the_path(client: Client) -> None:
    reply = await client.send_raw("ship", "load_cargo", str(uuid4()), {"item": "tea", "quantity": 0})
    assert ("invalid", "invalid_command") == (reply.data.status, reply.data.code)
    assert "data.quantity" in (reply.data.message or "")


async def test_a_type_that_is_no_command_is_answered(client: Client) -> None:
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
    # The first of them may still see the reply to what was published.
    assert [("accepted", 1)] * 2 == [(reply.data.status, reply.data.entity_version) for reply in replies]
    assert replies[1].data.duplicate


async def test_an_id_that_is_no_text_is_answered_as_its_text(client: Client) -> None:
    ship, id_ = str(uuid4()), uuid4()
    first = await client.send(RegisterShip(name="x"), ship, command_id=id_)
    again = await client.send(RegisterShip(name="x"), ship, command_id=str(id_))
    assert (str(id_), False, True) == (first.causationid, first.data.duplicate, again.data.duplicate)


async def test_an_id_by_which_nobody_would_be_answered_is_not_sent(client: Client) -> None:
    ship = str(uuid4())
    with pytest.raises(ValueError, match="at most 200 characters"):
        await client.send(RegisterShip(name="x"), ship, command_id="x" * 201)
    assert "invalid" == (await client.send(RegisterShip(name="x"), ship, command_id="x" * 200)).data.status


async def test_who_waits_for_ever_is_answered(client: Client) -> None:
    assert "accepted" == (await client.send(RegisterShip(name="x"), str(uuid4()), timeout=inf)).data.status


async def test_too_large_a_command_is_not_sent(client: Client) -> None:
    with pytest.raises(TooLarge, match="not sent"):
        await client.send_raw("ship", "dock_ship", str(uuid4()), {"port": "x" * 300_000})


async def test_a_message_that_is_no_command_is_refused(client: Client) -> None:
    with pytest.raises(LookupError, match="no command"):
        await client.send(Message(), str(uuid4()))


async def test_no_attempt_at_all_is_no_way_to_send(client: Client) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        await client.send(RegisterShip(name="x"), str(uuid4()), attempts=0)


async def test_an_aggregate_that_there_is_not_has_no_topics(client: Client) -> None:
    with pytest.raises(TopicsMissing):
        await client.send_raw("kraken", "wake", str(uuid4()), {})
