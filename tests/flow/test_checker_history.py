"""What the checker expects of imported histories, against answers written down by hand."""

from __future__ import annotations

from typing import Any

import pytest

from service.audit.messages import Verdict
from service.audit.model import Judge
from service.audit.records import Json
from tests.flow.checker_story import SHIP, command, command_id, partition


def _event(number: int, type_: str, time: str = "2020-01-01T00:00:00Z", **data: Any) -> Json:
    return {"id": command_id(900 + number), "time": time, "type": type_, "data": data}


_REGISTERED = _event(1, "ShipRegistered", name="a")
_DOCKED = _event(2, "ShipDocked", "2020-01-01T01:00:00.000001+01:00", port="Rotterdam")
_DEPARTED = _event(3, "ShipDeparted", departed_from="Rotterdam")


def _chunk(number: int, first: int, *events: Json) -> Json:
    return command(number, "import_history", {"first_version": first, "events": list(events)})


def _judge(*values: Json, allow_import: bool = True) -> list[Verdict]:
    logs = partition("ship", values)
    judge = Judge(logs, allow_import=allow_import)
    return [judge.judge(record) for record in logs.records["commands"]]


def test_events_keep_their_ids_and_times() -> None:
    [verdict] = _judge(_chunk(1, 1, _REGISTERED, _DOCKED, _DEPARTED))

    assert [event["id"] for event in verdict.events] == [command_id(901), command_id(902), command_id(903)]
    assert [event["time"] for event in verdict.events][:2] == [
        "2020-01-01T00:00:00.000Z",
        "2020-01-01T00:00:00.000001Z",
    ]
    assert [event["entityversion"] for event in verdict.events] == [1, 2, 3]


def test_what_is_there_is_skipped_and_what_is_new_is_added() -> None:
    first, again, more = _judge(
        _chunk(1, 1, _REGISTERED), _chunk(2, 1, _REGISTERED), _chunk(3, 1, _REGISTERED, _DOCKED)
    )

    assert [len(verdict.events) for verdict in (first, again, more)] == [1, 0, 1]
    assert {verdict.name for verdict in (first, again, more)} == {"accepted"}


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ((_DOCKED,), "Event 1: First event must be ShipRegistered"),
        ((_REGISTERED, _REGISTERED), f"Event 2: Ship with ID {SHIP} already exists"),
        ((_REGISTERED, _DEPARTED), "Event 2: Ship is not docked at any port"),
        ((_REGISTERED, _DOCKED, _event(3, "ShipDeparted", departed_from="Oslo")), "Event 3: in whatever words"),
    ],
)
def test_the_first_broken_rule_refuses_the_whole_chunk(events: tuple[Json, ...], message: str) -> None:
    [verdict] = _judge(_chunk(1, 1, *events))

    assert verdict.name == "rejected.invalid_history"
    assert verdict.reply is not None
    assert verdict.reply["data"]["message"] == message
    assert verdict.events == []


def test_gaps_and_differences_are_conflicts() -> None:
    other = {**_REGISTERED, "id": command_id(5)}
    verdicts = _judge(_chunk(1, 2, _DOCKED), _chunk(2, 1, _REGISTERED), _chunk(3, 1, other, _DOCKED))

    assert [verdict.name for verdict in verdicts] == ["conflict.history_gap", "accepted", "conflict.history_differs"]


def test_importing_is_refused_where_it_is_not_allowed() -> None:
    [verdict] = _judge(_chunk(1, 1, _REGISTERED), allow_import=False)

    assert verdict.name == "rejected.import_not_allowed"


@pytest.mark.parametrize("wrong", [{"id": "x"}, {"time": "2020"}, {"type": "Sunk"}, {"data": {}}, {"more": 1}])
def test_an_event_that_is_none_makes_the_command_invalid(wrong: Json) -> None:
    [verdict] = _judge(_chunk(1, 1, _REGISTERED, {**_DOCKED, **wrong}))

    assert verdict.name == "invalid.invalid_command"
    assert verdict.reason == "data.events.1.ShipDocked.data.port: wrong"
