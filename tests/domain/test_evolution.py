"""What a former release wrote is read as if this one had, and what a later one wrote is not misread."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from fairlead.bounds import Message
from fairlead.versions import NewerVersion, present, version_in, version_of
from service.commands.fold import fingerprint
from service.commands.replay import GapInLog
from service.domain import Aggregate
from service.domain.aggregate import InvalidHistory
from tests.domain.evolved import LATER, SHIP, DockShip, ShipDeparted
from tests.domain.partition import Partition, Stored, entity_id, envelope

ID = entity_id(1)
DOCK = envelope("dock_ship", ID, {"port": "Singapore"})
DOCK_2 = envelope(
    "dock_ship", ID, {"port": "Lisbon", "berth": "7"}, dataschema="urn:fairlead:ship:dock_ship:2", id=entity_id(9)
)


def departed(release: Aggregate = SHIP) -> Partition:
    """A ship that docked and left, by this release."""
    partition = Partition(release)
    for type_, data in (("register_ship", {"name": "Pacific Explorer"}), ("dock_ship", {"port": "Singapore"})):
        assert "accepted" == partition.ask(envelope(type_, ID, data))["data"]["status"]
    partition.ask(envelope("depart_ship", ID, {}))
    return partition


def of_release(release: Aggregate, before: Partition) -> Partition:
    """The same partition, owned by another release."""
    names = ("commands", "events", "replies", "snapshots", "dead_letters", "judged")
    return Partition(release, **{name: getattr(before, name) for name in names})


def told(partition: Partition) -> list[tuple[str, Any]]:
    return [(record.json["dataschema"].rpartition(":")[2], record.json["data"]) for record in partition.events[2:]]


def test_versions_are_counted_from_the_steps_that_lead_to_them() -> None:
    assert (1, 2) == (version_of(SHIP.events["ShipDeparted"]), version_of(ShipDeparted))
    assert (1, 1, 12) == tuple(map(version_in, (None, "urn:fairlead:ship:a:1", "urn:fairlead:ship:a:12")))
    for none in (
        "urn:fairlead:ship:a:0",
        "urn:fairlead:ship:a:",
        "",
        "urn:fairlead:ship:a:-1",
        f"a:{'9' * 5_000}",
        True,
    ):
        with pytest.raises(ValueError, match="names no version"):
            version_in(none)


def test_each_step_leads_from_one_version_to_the_next() -> None:
    class Third(Message):
        upcasters = (lambda data: {**data, "b": 2}, lambda data: {**data, "c": data["b"] + 1})

    assert [{"a": 1, "b": 2, "c": 3}, {"b": 5, "c": 6}, {"c": 9}] == [
        present(Third, data, version) for version, data in enumerate(({"a": 1}, {"b": 5}, {"c": 9}), 1)
    ]


def test_events_of_both_versions_are_one_history() -> None:
    former = departed()
    mixed = of_release(LATER, former)
    assert former.entities.entity(ID) == mixed.entities.entity(ID)
    assert "accepted" == mixed.ask(envelope("dock_ship", ID, {"port": "Lisbon"}))["data"]["status"]
    mixed.ask(envelope("depart_ship", ID, {}))
    assert [("1", {"departed_from": "Singapore"}), ("1", {"port": "Lisbon"}), ("2", {"port": "Lisbon"})] == told(mixed)
    assert mixed.entities.entity(ID) == of_release(LATER, mixed).entities.entity(ID)


def test_a_former_release_does_not_go_on_from_what_a_later_one_wrote() -> None:
    with pytest.raises(NewerVersion, match=r"^ShipDeparted is of version 2, and this release knows none beyond 1"):
        of_release(SHIP, departed(LATER))


def test_nor_from_an_event_of_a_type_that_only_a_later_one_knows() -> None:
    later = replace(SHIP, events={**SHIP.events, "ShipInspected": SHIP.events["ShipDeparted"]})
    written = departed()
    written.events[-1] = renamed(written.events[-1], "ShipInspected")
    assert 3 == of_release(later, written).entities.entity(ID).version
    with pytest.raises(NewerVersion, match=r"^ShipInspected is not known to this release"):
        of_release(SHIP, written)


@pytest.mark.parametrize("schema", [None, "urn:fairlead:crane:Sunk:1", "urn:fairlead:ship:Sunk:0", "Sunk"])
def test_an_unknown_type_that_no_release_could_have_written_is_damage(schema: str | None) -> None:
    written = departed()
    written.events[-1] = renamed(written.events[-1], "Sunk", schema)
    with pytest.raises(GapInLog):
        of_release(SHIP, written)


def renamed(record: Stored, type_: str, schema: str | None = "") -> Stored:
    """The same as an event of this type, with its own schema unless it is another."""
    dataschema = f"urn:fairlead:ship:{type_}:1" if schema == "" else schema
    return replace(record, value=orjson.dumps(record.json | {"type": type_, "dataschema": dataschema}))


def test_the_states_of_another_release_are_never_taken() -> None:
    moved = replace(LATER, events={**LATER.events, "ShipDeparted": type("ShipDeparted", (Elsewhere,), {})})
    assert 3 == len({fingerprint(SHIP), fingerprint(LATER), fingerprint(moved)})


class Elsewhere(Message):
    """With a step that stands in another module than the event."""

    upcasters = (version_in,)  # type: ignore[assignment]  # any function of another module


@pytest.mark.parametrize("more", [{}, {"dataschema": None}, {"dataschema": "urn:fairlead:ship:dock_ship:1"}])
def test_a_command_of_a_former_version_is_judged_as_one_of_the_present(more: dict[str, Any]) -> None:
    partition = of_release(LATER, departed())
    first = partition.ask(DOCK | more)
    assert ("accepted", True) == (first["data"]["status"], partition.ask(DOCK | more)["data"]["duplicate"])
    assert "accepted" == partition.ask(DOCK_2)["data"]["status"]


def test_a_command_sent_before_an_upgrade_is_a_repeat_after_it() -> None:
    partition = departed()
    first = partition.ask(DOCK)
    again = of_release(LATER, partition).ask(DOCK)
    assert {**first["data"], "duplicate": True} == again["data"]


def test_what_waited_in_the_dead_letters_is_redriven_by_a_later_release() -> None:
    partition = departed()
    broken = of_release(replace(SHIP, decide=_fail), partition)
    assert "failed" == broken.ask(DOCK)["data"]["status"]
    mended = of_release(LATER, broken)
    assert "accepted" == mended.ask(envelope("redrive_parked", ID, {}))["data"]["status"]
    assert ("ShipDocked", {"port": "Singapore"}) == (mended.events[-1].json["type"], mended.events[-1].json["data"])


def _fail(*_: Any) -> Any:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"dataschema": "urn:fairlead:ship:dock_ship:3"}, "dataschema: "),
        ({"dataschema": "urn:fairlead:ship:load_cargo:1"}, "dataschema: "),
        ({"dataschema": 1}, "dataschema: "),
        ({"data": {"berth": "7"}}, "data.port: Field required"),
        ({"data": {"port": 7}}, "data.port: Input should be a valid string"),
        ({"data": []}, "data: "),
    ],
)
def test_what_is_of_no_version_is_refused(changed: dict[str, Any], told: str) -> None:
    reply = of_release(LATER, departed()).ask(DOCK | changed)["data"]
    assert ("invalid", "invalid_command") == (reply["status"], reply["code"])
    assert told in reply["message"]


@pytest.mark.parametrize("error", [IndexError, ZeroDivisionError])
def test_what_a_step_cannot_bring_up_is_refused_whatever_it_meets_and_nothing_is_parked(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def step(_: object) -> Any:
        raise error

    partition = of_release(LATER, departed())
    for model in (DockShip, ShipDeparted):
        monkeypatch.setattr(model, "upcasters", (step,))
    assert "invalid_command" == partition.ask(DOCK)["data"]["code"]
    _, reply = imported({}, {"departed_from": "Singapore"})
    assert "invalid_command" == reply["code"]
    assert "accepted" == partition.ask(DOCK_2)["data"]["status"]


def imported(version: dict[str, Any], data: dict[str, Any]) -> Any:
    entries = [
        {"type": "ShipRegistered", "data": {"name": "Pacific Explorer"}},
        {"type": "ShipDocked", "data": {"port": "Singapore"}},
        {"type": "ShipDeparted", "data": data, **version},
    ]
    events = [{"id": entity_id(n), "time": "2026-11-24T18:20:00Z", **entry} for n, entry in enumerate(entries, 10)]
    partition = Partition(LATER)
    return partition, partition.ask(envelope("import_history", ID, {"first_version": 1, "events": events}))["data"]


@pytest.mark.parametrize(
    ("version", "data"),
    [
        ({}, {"departed_from": "Singapore"}),
        ({"schema_version": 1}, {"departed_from": "Singapore"}),
        ({"schema_version": 2}, {"port": "Singapore"}),
    ],
)
def test_a_history_is_imported_in_any_of_its_versions_and_written_in_the_present(
    version: dict[str, Any], data: dict[str, Any]
) -> None:
    partition, reply = imported(version, data)
    assert "accepted" == reply["status"]
    assert [("2", {"port": "Singapore"})] == told(partition)


@pytest.mark.parametrize(
    ("version", "data"),
    [({}, {"port": "Singapore"}), ({"schema_version": 2}, {"departed_from": "Singapore"}), ({"schema_version": 3}, {})],
)
def test_a_history_that_is_not_of_the_version_it_names_is_refused(
    version: dict[str, Any], data: dict[str, Any]
) -> None:
    _, reply = imported(version, data)
    assert ("invalid", "invalid_command") == (reply["status"], reply["code"])


def test_where_nothing_has_evolved_no_version_may_be_named_in_a_history() -> None:
    entry = {"id": ID, "time": "2026-11-24T18:20:00Z", "type": "ShipDeparted", "schema_version": 1}
    data = {"first_version": 1, "events": [entry | {"data": {"departed_from": "Singapore"}}]}
    assert "invalid" == Partition(SHIP).ask(envelope("import_history", ID, data))["data"]["status"]


def test_an_event_that_nobody_knows_has_no_version() -> None:
    assert ({"sail": 1}, 4) == LATER.present("Sunk", {"sail": 1}, 4)
    with pytest.raises(InvalidHistory):
        LATER.read_event("Sunk", {}, 4)
