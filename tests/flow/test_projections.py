"""Given events, then rows."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

import pytest

from service.projections import PROJECTIONS
from service.projections.folding import fold
from service.projections.projection import Add, Change, Insert, Upsert
from service.projections.stored import Stored
from tests.event_records import COMMAND, NOON
from tests.flow.projected import Rows, rows_of, stored, story, written

EXPLORER = story(
    "ship",
    "explorer",
    ("ShipRegistered", {"name": "Pacific Explorer"}),
    ("ShipDocked", {"port": "Singapore"}),
    ("CargoLoaded", {"item": "electronics", "quantity": 500, "port": "Singapore"}),
    ("ShipDeparted", {"departed_from": "Singapore"}),
    ("ShipDocked", {"port": "Hong Kong"}),
    ("CargoUnloaded", {"item": "electronics", "quantity": 200, "port": "Hong Kong"}),
)


def test_a_ship_is_where_its_last_event_left_it() -> None:
    rows = rows_of(PROJECTIONS["ships"], EXPLORER)

    ship = {
        "ship_id": "explorer",
        "name": "Pacific Explorer",
        "status": "docked",
        "current_port": "Hong Kong",
        "version": 6,
    }
    assert [ship] == rows["ships"]
    assert [{"ship_id": "explorer", "item": "electronics", "quantity": 300}] == rows["cargo"]


def test_a_ship_at_sea_has_no_port() -> None:
    rows = rows_of(PROJECTIONS["ships"], EXPLORER[:4])

    assert ("at sea", None) == (rows["ships"][0]["status"], rows["ships"][0]["current_port"])


def test_a_port_counts_visits_and_what_went_through() -> None:
    rows = rows_of(PROJECTIONS["ports"], EXPLORER)

    assert [
        {"port": "Hong Kong", "visits": 1, "unloaded": 200},
        {"port": "Singapore", "visits": 1, "loaded": 500},
    ] == rows["ports"]
    assert [{"ship_id": "explorer", "port": "Hong Kong"}] == rows["berths"]


def test_a_ship_that_docks_elsewhere_without_departing_has_one_berth() -> None:
    moves = story("ship", "a", ("ShipDocked", {"port": "Oslo"}), ("ShipDocked", {"port": "Bergen"}))

    assert [{"ship_id": "a", "port": "Bergen"}] == rows_of(PROJECTIONS["ports"], moves)["berths"]


def test_whoever_is_deleted_is_to_be_erased_and_nobody_else() -> None:
    events = story("user", "7", ("UserCreated", {"username": {}, "balance": 100}), ("UserDeleted", {}))
    others = story("user", "8", ("UserCreated", {"username": {}, "balance": 100}))

    erasure = {"aggregate": "user", "entity_id": "7", "version": 2, "time": NOON}
    assert {"erasures": [erasure]} == rows_of(PROJECTIONS["erasures"], events + others)


def test_an_account_keeps_its_sealed_name_and_sums_its_balance() -> None:
    sealed = {"alg": "A256GCM", "kid": "k", "value": "v"}
    events = story(
        "user",
        "7",
        ("UserCreated", {"username": sealed, "balance": 100}),
        ("UserBalanceChanged", {"balance_change": 260}),
        ("UserBalanceChanged", {"balance_change": -50}),
        ("UserDeleted", {}),
    )
    account = {"user_id": "7", "username": sealed, "balance": 310, "version": 4, "deleted": True}

    assert [account] == rows_of(PROJECTIONS["accounts"], events)["accounts"]


def test_the_journal_has_every_event_as_it_is() -> None:
    rows = rows_of(PROJECTIONS["journal"], EXPLORER)["journal"]

    assert [1, 2, 3, 4, 5, 6] == [row["version"] for row in rows]
    expected = {
        "aggregate": "ship",
        "entity_id": "explorer",
        "version": 3,
        "event_id": EXPLORER[2].id,
        "type": "CargoLoaded",
        "time": NOON,
        "causation_id": COMMAND,
        "correlation_id": None,
        "data": {"item": "electronics", "quantity": 500, "port": "Singapore"},
        "schema_version": 1,
    }
    assert expected == rows[2]


def _reply(*, duplicate: bool, message: str | None = None) -> Stored:
    outcome: dict[str, Any] = {
        "status": "rejected",
        "code": "not_docked",
        "message": message,
        "entity_version": 3,
        "events": [],
    }
    data = outcome | {"duplicate": duplicate, "retry_after_ms": None}
    return Stored("ship", "replies", 2, 17, "explorer", None, "r", "CommandReply", NOON, COMMAND, None, data, data, 1)


def test_an_outcome_is_kept_and_a_repeat_of_it_is_not() -> None:
    rows = rows_of(PROJECTIONS["outcomes"], [_reply(duplicate=False), _reply(duplicate=True)])["outcomes"]

    assert [(COMMAND, 2, 17, "not_docked")] == [
        (row["command_id"], row["partition"], row["offset"], row["code"]) for row in rows
    ]


def test_an_outcome_has_no_character_that_postgresql_cannot_hold() -> None:
    [row] = rows_of(PROJECTIONS["outcomes"], [_reply(duplicate=False, message="Unknown command: a\x00b")])["outcomes"]

    assert "Unknown command: a\ufffdb" == row["message"]


@pytest.mark.parametrize("name", ["ships", "ports", "accounts"])
def test_an_event_that_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="Unknown event: ShipSunk"):
        rows_of(PROJECTIONS[name], [stored("ship", "a", 1, "ShipSunk")])


def _move(chance: random.Random) -> tuple[str, dict[str, Any]]:
    port, item = chance.choice(["Oslo", "Bergen", "Riga"]), chance.choice(["tea", "salt"])
    moves: list[tuple[str, dict[str, Any]]] = [
        ("ShipDocked", {"port": port}),
        ("ShipDeparted", {"departed_from": port}),
        ("CargoLoaded", {"item": item, "quantity": 5, "port": port}),
        ("CargoUnloaded", {"item": item, "quantity": 3, "port": port}),
    ]
    return chance.choice(moves)


def _fleet(seed: int) -> list[list[Stored]]:
    chance = random.Random(seed)
    return [
        story(
            "ship",
            f"ship-{number}",
            ("ShipRegistered", {"name": "X"}),
            *(_move(chance) for _ in range(30)),
        )
        for number in range(4)
    ]


def _filled(rows: Rows) -> Rows:
    sums = {"loaded": 0, "unloaded": 0}
    defaults = {"ports": {"visits": 0, **sums}, "throughput": sums}
    return {table: [defaults.get(table, {}) | row for row in found] for table, found in rows.items()}


@pytest.mark.parametrize("name", ["ships", "ports"])
@pytest.mark.parametrize("seed", range(5))
def test_rows_depend_neither_on_batches_nor_on_how_entities_interleave(name: str, seed: int) -> None:
    fleet = _fleet(seed)
    in_turn = [event for ship in fleet for event in ship]
    mixed = [event for step in zip(*fleet, strict=True) for event in step]

    expected = _filled(rows_of(PROJECTIONS[name], in_turn))
    assert expected == _filled(rows_of(PROJECTIONS[name], in_turn, batch=7))
    assert expected == _filled(rows_of(PROJECTIONS[name], mixed, batch=50))


def test_one_statement_for_each_shape_with_its_rows_in_the_order_of_keys() -> None:
    changes = [Add("ports", {"port": port}, {"visits": 1}) for port in ("b", "a", "b")]
    changes.append(Add("ports", {"port": "c"}, {"loaded": 5}))

    [write] = fold(changes)
    assert (("port",), (), ("loaded", "visits")) == (write.keys, write.sets, write.adds)
    assert [("a", 0, 1), ("b", 0, 2), ("c", 5, 0)] == write.rows


def test_columns_in_whatever_order_they_are_set_are_one_shape() -> None:
    changes = [Upsert("t", {"id": 2}, {"b": 1, "a": 2}), Upsert("t", {"id": 1}, {"a": 3, "b": 4})]

    [write] = fold(changes)
    assert (("a", "b"), [(1, 3, 4), (2, 2, 1)]) == (write.sets, write.rows)


@pytest.mark.parametrize("seed", range(20))
def test_changes_folded_together_leave_the_rows_that_they_leave_one_by_one(seed: int) -> None:
    changes = _changes(random.Random(seed), 300)
    given = deepcopy(changes)

    assert _with_sums(written(fold([change]) for change in changes)) == _with_sums(written([fold(changes)]))
    assert given == changes


def _changes(random: random.Random, number: int) -> list[Change]:
    def some(columns: str) -> dict[str, int]:
        chosen = random.sample(columns, random.randint(0, len(columns)))
        return {column: random.randint(-9, 9) for column in chosen}

    def key() -> dict[str, int]:
        return {"x": random.randint(0, 9), "y": random.randint(0, 2)}

    makers = (
        lambda: Insert("new", {"p": random.random()}),
        lambda: Upsert("both", key(), some("abc")),
        lambda: Add("both", key(), some("de")),
        lambda: Add("sums", {"x": random.randint(0, 9)}, some("fg")),
    )
    return [random.choice(makers)() for _ in range(number)]


def _with_sums(rows: Rows) -> Rows:
    """With sums that begin where nothing was added."""
    sums = {"both": dict.fromkeys("de", 0), "sums": dict.fromkeys("fg", 0)}
    return {table: [sums.get(table, {}) | row for row in found] for table, found in rows.items()}


@pytest.mark.parametrize("before", [[], [Add("t", {"id": 1}, {"n": 1})]])
def test_what_is_no_number_is_not_added_wherever_it_comes_in_a_batch(before: list[Change]) -> None:
    with pytest.raises(TypeError):
        fold([*before, Add("t", {"id": 1}, {"n": "5"})])  # type: ignore[dict-item]  # as an event may have it


def test_a_column_is_set_or_added_to_and_never_both() -> None:
    with pytest.raises(ValueError, match="both set and added to: balance"):
        fold([Upsert("t", {"id": 1}, {"balance": 1}), Add("t", {"id": 1}, {"balance": 1})])
