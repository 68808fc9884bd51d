"""A file of history is judged as a whole: all faults are found, and the rules are those that commands meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import orjson
import pytest

from service.cli.command_line import main
from service.cli.event_files import NoJson
from service.cli.exits import Exit
from service.cli.formats import as_row
from service.cli.history_check import check_histories, spool_rows
from service.cli.history_file import read_rows
from service.cli.history_spool import Spool
from service.commands.identity import imported_event_id
from service.domain import AGGREGATES

SHIP = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"


def ship_row(number: int, kind: str, data: Any, entity: str = SHIP) -> dict[str, Any]:
    return {
        "event_id": f"00000000-0000-0000-0000-{number:012}",
        "timestamp": f"2026-11-24T18:20:{number:02}+00:00",
        "event_type": kind,
        "entity_id": entity,
        "data": data,
    }


def user_row(second: int, kind: str, event: Any, user: Any = 1) -> dict[str, Any]:
    return {"event": event, "event_type": kind, "event_id": user, "created_at": f"2024-03-01T10:00:{second:02}"}


@dataclass
class Checked:
    """What a file came to: its faults, and the events of each entity as they would travel."""

    faults: list[str]
    histories: dict[str, list[dict[str, Any]]]


def check(aggregate: str, rows: Sequence[Any], zone: str = "UTC") -> Checked:
    kind = AGGREGATES[aggregate]
    with Spool() as spool:
        spool_rows(spool, read_rows(kind, enumerate(rows, 1), ZoneInfo(zone)))
        check_histories(kind, spool, lambda _: None)
        histories = {}
        for history in spool.histories():
            chunks = list(history)
            histories[chunks[0].entity_id] = [event for chunk in chunks for event in orjson.loads(chunk.content)]
        return Checked(list(spool.faults()), histories)


REGISTERED = ship_row(1, "ShipRegistered", {"name": "Pacific Explorer"})
DOCKED = ship_row(2, "ShipDocked", {"port": "Singapore"})


def test_a_history_in_order_has_no_faults() -> None:
    loaded = ship_row(3, "CargoLoaded", {"item": "rice", "quantity": 5, "port": "Singapore"})
    checked = check("ship", [REGISTERED, DOCKED, loaded])
    assert checked.faults == []
    assert [3] == [len(history) for history in checked.histories.values()]


def test_an_empty_file_has_nothing_in_it() -> None:
    assert Checked([], {}) == check("ship", [])


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (7, "Row 1: it is no object"),
        (NoJson("it is not JSON: no"), "Row 1: it is not JSON: no"),
        (REGISTERED | {"\ud800": 1}, "Row 1: \\ud800 does not belong here"),
        ({"a": 1}, "Row 1: data is missing; entity_id is missing; event_id is missing"),
        (REGISTERED | {"extra": 1}, "Row 1: extra does not belong here"),
        (REGISTERED | {"entity_id": "x"}, "Row 1: entity_id: String should match"),
        (REGISTERED | {"event_id": "x"}, "Row 1: event_id: String should match"),
        (REGISTERED | {"timestamp": "noon"}, "Row 1: 'noon' is no time"),
        (REGISTERED | {"timestamp": None}, "Row 1: None is no time"),
        (REGISTERED | {"reached": "2026-11-24T18:20:00Z"}, "Row 1: reached is before timestamp"),
        (REGISTERED | {"reached": None}, "Row 1: None is no time"),
        (REGISTERED | {"schema_version": 0}, "Row 1: schema_version is no number from 1"),
        (REGISTERED | {"schema_version": 2}, "Row 1: "),
        (REGISTERED | {"event_type": "ShipFlew"}, "Row 1: Unknown event: ShipFlew"),
        (REGISTERED | {"schema_version": 2**63}, "Row 1: schema_version is no number from 1"),
        (REGISTERED | {"event_type": 1}, "Row 1: event_type is no text"),
        (REGISTERED | {"event_type": "\ud800"}, "Row 1: it cannot be written as JSON"),
        (REGISTERED | {"data": {"name": ""}}, "Row 1: data.name: String should have at least 1 character"),
        (REGISTERED | {"data": {"name": "x", "age": 1}}, "Row 1: data.age: Extra inputs"),
        (DOCKED, "Row 1: First event must be ShipRegistered (ship 7b0f"),
    ],
)
def test_each_fault_of_a_row_is_told_with_its_place(row: Any, fault: str) -> None:
    [found] = check("ship", [row]).faults
    assert found.startswith(fault)


def test_all_faults_are_found_in_the_order_of_the_file() -> None:
    rows = [
        REGISTERED,
        ship_row(2, "CargoLoaded", {"item": "rice", "quantity": 5, "port": "Rio"}),
        ship_row(3, "ShipDocked", {"port": "Singapore"}),
        ship_row(4, "CargoUnloaded", {"item": "rice", "quantity": 5, "port": "Singapore"}),
        ship_row(5, "CargoLoaded", {"item": "rice", "quantity": 0, "port": "Singapore"}),
        ship_row(6, "ShipDocked", {"port": "Rio"}, "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e11"),
    ]
    assert ["Row 2: Ship mus", "Row 4: No rice ", "Row 5: data.qua", "Row 6: First ev"] == [
        fault[:15] for fault in check("ship", rows).faults
    ]


def test_an_event_that_says_other_than_follows_is_a_fault() -> None:
    elsewhere = ship_row(3, "CargoLoaded", {"item": "rice", "quantity": 5, "port": "Rio"})
    [fault] = check("ship", [REGISTERED, DOCKED, elsewhere]).faults
    assert "does not follow" in fault


def test_an_event_id_cannot_be_there_twice() -> None:
    [fault] = check("ship", [REGISTERED, DOCKED | {"event_id": REGISTERED["event_id"]}]).faults
    assert fault == "Row 2: event_id is that of row 1"


def test_a_replay_of_users_is_read_with_ids_of_its_own() -> None:
    rows = [
        user_row(0, "UserCreatedEvent", {"username": "test_user", "balance": 100}),
        user_row(2, "UserDeleted", None),
        user_row(1, "UserBalanceChangedEvent", {"balance_change": -50}),
    ]
    checked = check("user", rows)
    assert checked.faults == []
    history = checked.histories["1"]
    assert ["UserCreated", "UserBalanceChanged", "UserDeleted"] == [event["type"] for event in history]
    assert [imported_event_id("1", place) for place in (1, 2, 3)] == [event["id"] for event in history]


def test_equal_times_keep_the_order_of_the_file() -> None:
    rows = [
        user_row(0, "UserCreated", {"username": "test_user", "balance": 0}),
        user_row(0, "UserBalanceChanged", {"balance_change": 10}),
        user_row(0, "UserBalanceChanged", {"balance_change": -10}),
    ]
    assert check("user", rows).faults == []
    assert ["Row 2: Insufficient balance (user 1)"] == check("user", [rows[0], rows[2], rows[1]]).faults


def test_an_export_of_times_that_fall_is_the_same_history_in_whatever_order_its_rows_come() -> None:
    times = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (10, 12, 11, 12)]
    events = [
        {"event_id": uuid4(), "type": "ShipDocked", "entity_id": SHIP, "data": {"port": f"{at}"}, "time": time}
        | {"reached": max(times[: at + 1])}
        for at, time in enumerate(times)
    ]
    rows = [as_row({**events[0], "type": "ShipRegistered", "data": {"name": "x"}}), *map(as_row, events[1:])]
    assert [2] == [at for at, row in enumerate(rows) if "reached" in row]
    # Rows of one moment stay in the order of the file.
    for order in ((0, 1, 2, 3), (1, 2, 0, 3), (1, 0, 2, 3)):
        checked = check("ship", [rows[at] for at in order])
        assert [] == checked.faults
        assert [str(event["event_id"]) for event in events] == [event["id"] for event in checked.histories[SHIP]]
        assert "2026-01-01T11:00:00Z" == checked.histories[SHIP][2]["time"]


@pytest.mark.parametrize(("zone", "hour"), [("UTC", 10), ("Europe/Berlin", 9)])
def test_a_time_without_a_zone_is_of_the_zone_that_was_named(zone: str, hour: int) -> None:
    [event] = check("user", [user_row(0, "UserCreated", {"username": "x", "balance": 0})], zone).histories["1"]
    assert f"2024-03-01T{hour:02}:00:00Z" == event["time"]


@pytest.mark.parametrize("user", [True, 1.5, None, "", "01", "x"])
def test_what_can_be_no_user_is_a_fault(user: Any) -> None:
    [fault] = check("user", [user_row(0, "UserCreated", {"username": "x", "balance": 0}, user)]).faults
    assert fault.startswith("Row 1: event_id: ")


def test_histories_of_entities_that_take_turns_in_the_file_are_told_apart() -> None:
    ids = [f"7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e{number:02}" for number in range(40)]
    rows = [ship_row(2 * number, "ShipRegistered", {"name": "x"}, id_) for number, id_ in enumerate(ids)]
    rows += [ship_row(2 * number + 1, "ShipDocked", {"port": "Rio"}, id_) for number, id_ in enumerate(ids)]
    for row, second in zip(rows, range(80), strict=True):
        row["timestamp"] = f"2026-11-24T18:{second // 60:02}:{second % 60:02}Z"
    checked = check("ship", rows)
    assert ([], ids) == (checked.faults, list(checked.histories))
    assert {("ShipRegistered", "ShipDocked")} == {
        tuple(event["type"] for event in history) for history in checked.histories.values()
    }


def test_a_fault_in_a_file_does_not_steer_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "ships.json"
    file.write_bytes(orjson.dumps([REGISTERED | {"event_type": "\x1b[2J\r"}, REGISTERED | {"\x1b]0;x\x07\nRow 9": 1}]))
    assert Exit.INVALID == main(["import", "ship", str(file), "--dry-run"])
    told = capfd.readouterr().err.splitlines()
    assert [True] * 3 == [line.isprintable() for line in told]
    assert r"\x1b]0;x\x07\nRow 9" in told[1]
