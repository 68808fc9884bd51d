"""A history written elsewhere is judged by the rules that a command would meet."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from service.domain import AGGREGATES
from tests.domain.partition import NOON, Partition, entity_id, envelope

SHIP, USER = entity_id(1), "42"
DAY = "2020-01-01T00:00:"


def event(number: int, type_: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"id": entity_id(100 + number), "time": f"{DAY}{number:02}.000001Z", "type": type_, "data": data}


VOYAGE = [
    event(1, "ShipRegistered", {"name": "Pacific Explorer"}),
    event(2, "ShipDocked", {"port": "Singapore"}),
    event(3, "CargoLoaded", {"item": "tea", "quantity": 5, "port": "Singapore"}),
    event(4, "ShipDeparted", {"departed_from": "Singapore"}),
]


def chunk(events: list[dict[str, Any]], first: int = 1, subject: str = SHIP) -> dict[str, Any]:
    return envelope("import_history", subject, {"first_version": first, "events": events})


def answer(partition: Partition, command: dict[str, Any]) -> tuple[str, str | None, str | None, int]:
    data = partition.ask(command)["data"]
    return data["status"], data["code"], data["message"], data["entity_version"]


def ships() -> Partition:
    return Partition(AGGREGATES["ship"])


def test_events_keep_their_ids_and_times() -> None:
    partition = ships()
    assert ("accepted", None, None, 4) == answer(partition, chunk(VOYAGE))
    assert [(given["id"], given["time"]) for given in VOYAGE] == [
        (stored.json["id"], stored.json["time"]) for stored in partition.events
    ]
    assert partition.entities.known == partition.replayed().known


def test_a_history_goes_on_with_commands() -> None:
    partition = ships()
    answer(partition, chunk(VOYAGE))
    partition.ask(envelope("dock_ship", SHIP, {"port": "Hong Kong"}))
    unload = partition.ask(envelope("unload_cargo", SHIP, {"item": "tea", "quantity": 5}))
    assert ("accepted", 6) == (unload["data"]["status"], unload["data"]["entity_version"])


def test_what_is_there_already_is_skipped() -> None:
    partition = ships()
    answer(partition, chunk(VOYAGE[:2]))
    assert ("accepted", None, None, 4) == answer(partition, chunk(VOYAGE))
    assert ("accepted", None, None, 4) == answer(partition, chunk(VOYAGE[1:3], first=2))
    assert 4 == len(partition.events)


def test_an_empty_chunk_changes_nothing() -> None:
    assert ("accepted", None, None, 0) == answer(ships(), chunk([]))


def test_a_chunk_that_comes_too_early_is_a_conflict() -> None:
    status, code, _, version = answer(ships(), chunk(VOYAGE[1:], first=2))
    assert ("conflict", "history_gap", 0) == (status, code, version)


def test_another_history_is_a_conflict() -> None:
    partition = ships()
    answer(partition, chunk(VOYAGE[:2]))
    other = [VOYAGE[0], VOYAGE[1] | {"id": entity_id(999)}, VOYAGE[2]]
    status, code, _, version = answer(partition, chunk(other))
    assert ("conflict", "history_differs", 2) == (status, code, version)


def test_a_history_with_an_event_of_this_service_differs_from_one_without() -> None:
    partition = ships()
    partition.ask(envelope("register_ship", SHIP, {"name": "Pacific Explorer"}))
    assert "history_differs" == answer(partition, chunk(VOYAGE))[1]


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (VOYAGE[1:], "Event 1: First event must be ShipRegistered"),
        ([VOYAGE[0], VOYAGE[0]], f"Event 2: Ship with ID {SHIP} already exists"),
        ([VOYAGE[0], VOYAGE[2]], "Event 2: Ship must be docked to load cargo"),
        ([VOYAGE[0], VOYAGE[3]], "Event 2: Ship is not docked at any port"),
        (
            [*VOYAGE[:3], event(4, "CargoUnloaded", {"item": "tea", "quantity": 6, "port": "Singapore"})],
            "Event 4: Not enough tea on the ship",
        ),
    ],
)
def test_the_first_rule_broken_refuses_the_whole_chunk(events: list[dict[str, Any]], message: str) -> None:
    partition = ships()
    assert ("rejected", "invalid_history", message, 0) == answer(partition, chunk(events))
    assert [] == partition.events


def test_a_ship_unloads_where_it_lies() -> None:
    elsewhere = event(3, "CargoLoaded", {"item": "tea", "quantity": 5, "port": "Hong Kong"})
    status, code, message, _ = answer(ships(), chunk([*VOYAGE[:2], elsewhere]))
    assert ("rejected", "invalid_history") == (status, code)
    assert "Event 3: It does not follow from the events before it" == message


def test_a_refused_chunk_leaves_the_entity_as_it_was() -> None:
    partition = ships()
    answer(partition, chunk(VOYAGE[:1]))
    before = partition.entities.known[SHIP]
    answer(partition, chunk([VOYAGE[3]], first=2))
    after = partition.entities.known[SHIP]
    assert (before.state, before.version, before.time) == (after.state, after.version, after.time)


def test_importing_is_refused_where_it_is_not_allowed() -> None:
    partition = Partition(AGGREGATES["ship"], allow_import=False)
    expected = ("rejected", "import_not_allowed", "Importing is not allowed here", 0)
    assert expected == answer(partition, chunk(VOYAGE))


def test_times_need_not_rise_and_the_last_one_counts() -> None:
    partition = ships()
    late = [VOYAGE[0] | {"time": "2100-01-01T00:00:00Z"}, VOYAGE[1] | {"time": "2090-01-01T00:00:00Z"}]
    answer(partition, chunk(late))
    partition.ask(envelope("depart_ship", SHIP, {}))
    assert "2090-01-01T00:00:00.000Z" == partition.events[-1].json["time"]
    assert partition.entities.known == partition.replayed().known


def test_an_imported_name_is_protected_and_a_deleted_user_stays_deleted() -> None:
    partition = Partition(AGGREGATES["user"])
    history = [
        event(1, "UserCreated", {"username": "test_user", "balance": 100}),
        event(2, "UserBalanceChanged", {"balance_change": -100}),
        event(3, "UserDeleted", {}),
    ]
    assert ("accepted", None, None, 3) == answer(partition, chunk(history, subject=USER))
    assert b"test_user" not in b"".join(stored.value or b"" for stored in partition.events)
    more = chunk([event(4, "UserDeleted", {})], first=4, subject=USER)
    message = f"Event 4: User with ID {USER} was deleted"
    assert ("rejected", "invalid_history", message, 3) == answer(partition, more)


def test_a_sealed_name_is_no_history() -> None:
    partition = Partition(AGGREGATES["user"])
    sealed = {"alg": "A256GCM", "kid": entity_id(9), "value": "AAAA"}
    answer(partition, chunk([event(1, "UserCreated", {"username": sealed, "balance": 0})], subject=USER))
    assert ["invalid_command"] == [reply.json["data"]["code"] for reply in partition.replies]


def test_the_content_of_a_history_is_what_was_sent() -> None:
    partition = ships()
    command = chunk(VOYAGE)
    partition.ask(command)
    assert partition.ask(command)["data"]["duplicate"]
    same_moment = [VOYAGE[0] | {"time": "2020-01-01T00:00:01.0000010Z"}, *VOYAGE[1:]]
    other = command | {"data": {"first_version": 1, "events": same_moment}}
    assert "id_reused" == answer(partition, other)[1]


def test_a_chunk_of_500_events_is_one_command() -> None:
    partition = ships()
    docks = [event(number % 60, "ShipDocked", {"port": f"port {number}"}) for number in range(499)]
    docks = [dock | {"id": entity_id(5_000 + number)} for number, dock in enumerate(docks)]
    value = orjson.dumps(chunk([VOYAGE[0], *docks]))
    partition.publish(SHIP.encode(), value, at=NOON)
    partition.judge()
    assert 500 == partition.replies[0].json["data"]["entity_version"]
    assert_one_decision(partition)


def assert_one_decision(partition: Partition) -> None:
    [outcome] = partition.replayed(replies=[]).windows[SHIP].values()
    assert 500 == len(outcome.events)
