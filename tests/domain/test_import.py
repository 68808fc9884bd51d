"""A history written elsewhere is judged by the rules that a command would meet."""

from __future__ import annotations

from typing import Any

import pytest

from service.domain import AGGREGATES
from tests.domain.imported import SHIP, VOYAGE, answer, chunk, event, ships
from tests.domain.partition import Partition, entity_id, envelope
from tests.domain.partition_histories import states_of


def test_events_keep_their_ids_and_times() -> None:
    partition = ships()
    assert ("accepted", None, None, 4) == answer(partition, chunk(VOYAGE))
    assert [(given["id"], given["time"]) for given in VOYAGE] == [
        (stored.json["id"], stored.json["time"]) for stored in partition.events
    ]
    assert states_of(partition.entities) == states_of(partition.replayed())


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
    before = partition.entities.entity(SHIP)
    answer(partition, chunk([VOYAGE[3]], first=2))
    after = partition.entities.entity(SHIP)
    assert (before.state, before.version, before.time) == (after.state, after.version, after.time)


def test_importing_is_refused_where_it_is_not_allowed() -> None:
    partition = Partition(AGGREGATES["ship"], allow_import=False)
    expected = ("rejected", "import_not_allowed", "Importing is not allowed here", 0)
    assert expected == answer(partition, chunk(VOYAGE))
