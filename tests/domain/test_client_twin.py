"""What a test of somebody else's service can say of each command, and see of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest

from fairlead import NoReply
from fairlead.bounds import Message
from fairlead.client import NotConfirmed
from fairlead.failures import EventsGone
from fairlead.ship import CargoLoaded, DockShip, LoadCargo, RegisterShip, ShipDeparted, ShipDocked
from fairlead.testing import Busy, Failed, InMemoryClient, NotPrepared, Refused, Unanswered
from fairlead.user import UserDeleted

SHIP = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"
LOAD = LoadCargo(item="tea", quantity=5)
LOADED = CargoLoaded(item="tea", quantity=5, port="Rio")


async def test_what_was_sent_is_seen_in_its_order() -> None:
    async with InMemoryClient() as client:
        client.answer(LoadCargo, [LOADED])
        await client.send(LOAD, SHIP, expected_version=0, correlation_id="tour", traceparent="00-1")
        await client.publish(LOAD, SHIP, command_id=(again := str(uuid4())))
    first, second = client.sent
    assert ("ship", SHIP, "load_cargo", {"item": "tea", "quantity": 5}) == first[:4]
    assert (0, "tour", "00-1") == (first.expected_version, first.correlation_id, first.traceparent)
    assert (again, None, None, None) == second[4:]


async def test_an_answer_is_the_events_that_a_command_leads_to() -> None:
    async with InMemoryClient() as client:
        client.answer(LoadCargo, [LOADED, ShipDeparted(departed_from="Rio")])
        reply = await client.send(LOAD, SHIP)
        assert [("CargoLoaded", 1), ("ShipDeparted", 2)] == [(one.type, one.version) for one in reply.data.events]
        found = [event async for event in client.events("ship", entity_id=SHIP, follow=False)]
    assert [LOADED, ShipDeparted(departed_from="Rio")] == [event.data for event in found]
    assert {reply.causationid} == {event.causationid for event in found}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Refused("not_docked", "Dock first"), ("rejected", "not_docked", "Dock first", 0)),
        (Failed(), ("failed", "internal_error", "", None)),
        (Busy(250), ("busy", "busy", "", None)),
    ],
)
async def test_an_answer_is_a_refusal(answer: Any, told: tuple[Any, ...]) -> None:
    async with InMemoryClient() as client:
        client.answer(LoadCargo, answer)
        data = (await client.send(LOAD, SHIP)).data
    assert told == (data.status, data.code, data.message, data.entity_version)


async def test_without_an_answer_no_time_is_lost() -> None:
    async with InMemoryClient() as client:
        client.answer(LoadCargo, Unanswered())
        with pytest.raises(NoReply) as nothing:
            await client.send(LOAD, SHIP, timeout=3_600)
        with pytest.raises(NotConfirmed):
            await client.publish(LOAD, SHIP, timeout=3_600)
    assert client.sent[0].id == nothing.value.command_id


async def test_a_caller_that_tries_again_is_answered_the_next_time() -> None:
    async with InMemoryClient() as client:
        client.answer(LoadCargo, Unanswered(), Busy(), [LOADED])
        reply = await client.send(LOAD, SHIP, attempts=3)
    assert ("accepted", False) == (reply.data.status, reply.data.duplicate)
    assert 1 == len({one.id for one in client.sent})
    assert 3 == len(client.sent)


async def test_what_was_done_although_no_reply_came_is_not_done_again() -> None:
    async with InMemoryClient() as client:
        client.answer(LoadCargo, Unanswered([LOADED]), [LOADED])
        reply = await client.send(LOAD, SHIP, attempts=2)
        assert ("accepted", 1, True) == (reply.data.status, reply.data.entity_version, reply.data.duplicate)
        assert 1 == len([event async for event in client.events("ship", follow=False)])


async def test_the_last_answer_stays() -> None:
    async with InMemoryClient() as client:
        client.answer(LoadCargo, Refused("not_docked"), [LOADED])
        replies = [await client.send(LOAD, SHIP) for _ in range(3)]
    assert ["rejected", "accepted", "accepted"] == [reply.data.status for reply in replies]


async def test_an_answer_is_a_rule_that_knows_what_happened() -> None:
    def rule(command: Message, entity_id: str, history: Sequence[Message]) -> Sequence[Message]:
        if not history:
            raise Refused("not_docked", f"{entity_id} {type(command).__name__}")
        return [LOADED]

    async with InMemoryClient() as client:
        client.answer(LoadCargo, rule)
        refused = await client.send(LOAD, SHIP)
        client.happened("ship", SHIP, ShipDocked(port="Rio"))
        accepted = await client.send(LOAD, SHIP)
    assert f"{SHIP} LoadCargo" == refused.data.message
    assert 2 == accepted.data.entity_version


async def test_what_nobody_prepared_is_no_silent_success() -> None:
    async with InMemoryClient() as client:
        client.answer(LoadCargo, [LOADED])
        with pytest.raises(NotPrepared, match="RegisterShip"):
            await client.send(RegisterShip(name="x"), SHIP)


async def test_a_command_of_a_former_version_is_read_as_one_of_the_present(monkeypatch: pytest.MonkeyPatch) -> None:
    step = (lambda data: {"item": data["thing"], "quantity": data["quantity"]},)
    monkeypatch.setattr(LoadCargo, "upcasters", step)
    former = {"thing": "tea", "quantity": 5}
    async with InMemoryClient(lambda command, *_: [LOADED] if command == LOAD else []) as client:
        replies = [await client.send_raw("ship", "load_cargo", SHIP, former, command_id=SHIP) for _ in range(2)]
        # Content is what was sent, and not what it was read as.
        replies.append(await client.send(LOAD, SHIP, command_id=SHIP))
        wrong = await client.send_raw("ship", "load_cargo", SHIP, former | {"quantity": 0})
    assert [(None, 1, False), (None, 1, True), ("id_reused", 1, False)] == [
        (reply.data.code, reply.data.entity_version, reply.data.duplicate) for reply in replies
    ]
    assert ("invalid_command", True) == (wrong.data.code, "data.quantity" in (wrong.data.message or ""))


async def test_what_others_did_is_followed() -> None:
    async with InMemoryClient() as client:
        following = asyncio.create_task(anext(client.events("ship")))
        await asyncio.sleep(0)
        client.happened("ship", SHIP, ShipDocked(port="Rio"))
        assert ShipDocked(port="Rio") == (await following).data


async def test_an_event_of_another_aggregate_cannot_happen() -> None:
    async with InMemoryClient() as client:
        client.answer(DockShip, [UserDeleted()])
        with pytest.raises(LookupError, match="UserDeleted is no event of ship"):
            await client.send(DockShip(port="Rio"), SHIP)
        assert [] == [event async for event in client.events("ship", follow=False)]


async def test_events_that_were_removed_are_told_to_who_stood_before_them() -> None:
    async with InMemoryClient() as client:
        start = await client.latest("ship")
        client.happened("ship", SHIP, ShipDocked(port="Rio"))
        client.remove_events("ship")
        with pytest.raises(EventsGone):
            await anext(client.events("ship", after=start))
        client.happened("ship", SHIP, ShipDeparted(departed_from="Rio"))
        assert [2] == [event.entityversion async for event in client.events("ship", follow=False)]


async def test_a_follower_of_a_closed_client_is_told_so() -> None:
    async with InMemoryClient() as client:
        following = asyncio.create_task(anext(client.events("ship")))
        await asyncio.sleep(0)
    with pytest.raises(ConnectionError, match="closed"):
        await following
