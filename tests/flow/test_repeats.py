"""One outcome for each command id and entity, and versions that two writers cannot both have."""

from __future__ import annotations

from uuid import uuid4

from tests.domain.partition import envelope
from tests.flow.harness import Harness, ask, send


async def test_a_repeat_gets_the_first_outcome_and_no_event(harness: Harness) -> None:
    ship = str(uuid4())
    command = envelope("register_ship", ship, {"name": "Pacific Explorer"})
    first = await send(harness, "ship", command)
    second = await send(harness, "ship", command)
    assert {**first["data"], "duplicate": True} == second["data"]
    assert first["id"] != second["id"]
    assert 1 == len(await harness.events("ship", ship))


async def test_an_id_with_other_content_is_a_conflict(harness: Harness) -> None:
    user = str(uuid4())
    command = envelope("create_user", user, {"username": "test_user", "balance": 100})
    await send(harness, "user", command)
    other = command | {"data": {"username": "test_user", "balance": 101}}
    status, code, _, version = await ask(harness, "user", other)
    assert ("conflict", "id_reused", 1) == (status, code, version)
    assert (await send(harness, "user", command))["data"]["duplicate"]


async def test_another_version_than_expected_is_a_conflict(harness: Harness) -> None:
    ship = str(uuid4())
    register = envelope("register_ship", ship, {"name": "Pacific Explorer"}, expectedversion=0)
    assert ("accepted", None, None, 1) == await ask(harness, "ship", register)
    status, code, _, version = await ask(harness, "ship", register | {"id": str(uuid4())})
    assert ("conflict", "version_conflict", 1) == (status, code, version)
    dock = envelope("dock_ship", ship, {"port": "Singapore"}, expectedversion=1)
    assert ("accepted", None, None, 2) == await ask(harness, "ship", dock)


async def test_an_imported_history_is_taken_once(harness: Harness) -> None:
    user = str(uuid4().int % 10**18)
    entries = [
        {"id": str(uuid4()), "time": "2020-01-01T00:00:00.5Z", "type": type_, "data": data}
        for type_, data in [
            ("UserCreated", {"username": "test_user", "balance": 1}),
            ("UserBalanceChanged", {"balance_change": 2}),
        ]
    ]
    for events in (entries[:1], entries, entries):
        command = envelope("import_history", user, {"first_version": 1, "events": events})
        assert ("accepted", None, None, len(events)) == await ask(harness, "user", command)
    stored = [event.json for event in await harness.events("user", user)]
    assert [(entry["id"], "2020-01-01T00:00:00.500Z") for entry in entries] == [
        (event["id"], event["time"]) for event in stored
    ]
    gap = envelope("import_history", user, {"first_version": 4, "events": entries[1:]})
    assert "history_gap" == (await ask(harness, "user", gap))[1]
    differs = envelope("import_history", user, {"first_version": 2, "events": entries[:1]})
    assert "history_differs" == (await ask(harness, "user", differs))[1]
