"""Both stories of the notebook, from commands published to events read."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.domain.partition import envelope
from tests.flow.harness import Harness, ask, send, told


async def test_the_story_of_a_user(harness: Harness) -> None:
    user = str(uuid4())
    created = envelope("create_user", user, {"username": "test_user", "balance": 100})
    assert ("accepted", None, None, 1) == await ask(harness, "user", created)
    for version, change in enumerate([10, 250, -50], 2):
        command = envelope("change_balance", user, {"balance_change": change})
        assert ("accepted", None, None, version) == await ask(harness, "user", command)
    too_much = envelope("change_balance", user, {"balance_change": -1_000})
    expected = ("rejected", "insufficient_balance", "Insufficient balance", 4)
    assert expected == await ask(harness, "user", too_much)
    assert ("accepted", None, None, 5) == await ask(harness, "user", envelope("delete_user", user, {}))
    after = envelope("change_balance", user, {"balance_change": 1})
    gone = ("rejected", "gone", f"User with ID {user} was deleted", 5)
    assert gone == await ask(harness, "user", after)
    events = await told(harness, "user", user)
    assert ["UserCreated", *["UserBalanceChanged"] * 3, "UserDeleted"] == [type_ for type_, _ in events]
    assert [{"balance_change": change} for change in (10, 250, -50)] == [data for _, data in events[1:4]]
    assert {"alg": "A256GCM"}.items() <= events[0][1]["username"].items()


async def test_the_story_of_a_ship(harness: Harness) -> None:
    ship = str(uuid4())
    story: list[tuple[str, dict[str, Any]]] = [
        ("register_ship", {"name": "Pacific Explorer"}),
        ("dock_ship", {"port": "Singapore"}),
        ("load_cargo", {"item": "electronics", "quantity": 500}),
        ("depart_ship", {}),
        ("dock_ship", {"port": "Hong Kong"}),
        ("unload_cargo", {"item": "electronics", "quantity": 200}),
    ]
    for version, (type_, data) in enumerate(story, 1):
        assert ("accepted", None, None, version) == await ask(harness, "ship", envelope(type_, ship, data))
    expected = [
        ("ShipRegistered", {"name": "Pacific Explorer"}),
        ("ShipDocked", {"port": "Singapore"}),
        ("CargoLoaded", {"item": "electronics", "quantity": 500, "port": "Singapore"}),
        ("ShipDeparted", {"departed_from": "Singapore"}),
        ("ShipDocked", {"port": "Hong Kong"}),
        ("CargoUnloaded", {"item": "electronics", "quantity": 200, "port": "Hong Kong"}),
    ]
    assert expected == await told(harness, "ship", ship)


async def test_a_reply_and_an_event_say_what_the_contract_says(harness: Harness) -> None:
    ship = str(uuid4())
    command = envelope("register_ship", ship, {"name": "Pacific Explorer"}, correlationid="c1")
    reply = await send(harness, "ship", command)
    [event] = await harness.events("ship", ship)
    ref = {"id": event.json["id"], "type": "ShipRegistered", "version": 1}
    common = {
        "specversion": "1.0",
        "source": "/fairlead/ship",
        "subject": ship,
        "datacontenttype": "application/json",
        "causationid": command["id"],
        "correlationid": "c1",
        "time": reply["time"],
        "commanddigest": reply["commanddigest"],
    }
    expected_reply = common | {
        "id": reply["id"],
        "type": "CommandReply",
        "dataschema": "urn:fairlead:ship:CommandReply:1",
        "data": {
            "status": "accepted",
            "code": None,
            "message": None,
            "entity_version": 1,
            "events": [ref],
            "duplicate": False,
            "retry_after_ms": None,
        },
    }
    expected_event = common | {
        "id": event.json["id"],
        "type": "ShipRegistered",
        "dataschema": "urn:fairlead:ship:ShipRegistered:1",
        "entityversion": 1,
        "data": {"name": "Pacific Explorer"},
    }
    assert expected_reply == reply
    assert expected_event == event.json
    assert (ship.encode(), [("content-type", b"application/cloudevents+json")]) == (event.key, [*event.headers])
