"""Which outcome a repeat finds, against answers written down by hand from the contract."""

from __future__ import annotations

import json

import pytest

from service.audit.messages import Verdict
from service.audit.model import Judge
from service.audit.records import Json, PartitionLogs, Record
from tests.flow.checker_parked_story import OTHER
from tests.flow.checker_story import SHIP, TIME, command, partition, record

_HOUR_MS = 3600 * 1000
_DAY_MS = 24 * _HOUR_MS


def _judge(aggregate: str, *values: Json) -> list[Verdict]:
    logs = partition(aggregate, values)
    judge = Judge(logs)
    return [judge.judge(record) for record in logs.records["commands"]]


def test_a_repeat_is_found_behind_999_others_and_no_longer_behind_a_thousand() -> None:
    first = command(1, "dock_ship", {"port": "a"})
    others = [command(2 + at, "depart_ship") for at in range(1_000)]

    assert _judge("ship", first, *others[:-1], first)[-1].duplicate
    assert not _judge("ship", first, *others, first)[-1].duplicate


def test_what_is_not_remembered_takes_no_place_in_the_window() -> None:
    first = command(1, "dock_ship", {"port": "a"})
    others = [command(2 + at, "depart_ship") for at in range(999)]
    ignored = [{**first, "data": {"port": "b"}}, first, command(5_000, "sink_ship"), command(5_001, "dock_ship")]

    assert _judge("ship", first, *others, *ignored, first)[-1].duplicate


@pytest.mark.parametrize(("age", "duplicate"), [(_DAY_MS - 1, True), (_DAY_MS, False)])
def test_a_repeat_is_found_for_a_day(age: int, duplicate: bool) -> None:  # noqa: FBT001  # what is expected
    judge = Judge(PartitionLogs("ship", 0, 1))
    judge.judge(record(0, command(1, "depart_ship")))

    assert (
        judge.judge(Record(1, SHIP.encode(), json.dumps(command(1, "depart_ship")).encode(), TIME + age)).duplicate
        is duplicate
    )


@pytest.mark.parametrize(("ahead", "duplicate"), [(25 * _HOUR_MS - 1, True), (25 * _HOUR_MS, False)])
def test_a_clock_that_was_25_hours_ahead_has_let_the_outcomes_go(ahead: int, duplicate: bool) -> None:  # noqa: FBT001  # what is expected
    assert _repeat_after(("depart_ship", OTHER, ahead), ("depart_ship", OTHER, 0)).duplicate is duplicate


def test_what_is_no_command_shows_the_time_as_well() -> None:
    assert not _repeat_after(("sink_ship", OTHER, 25 * _HOUR_MS)).duplicate


def test_a_later_outcome_of_the_entity_does_not_keep_an_earlier_one() -> None:
    assert not _repeat_after(("depart_ship", SHIP, _HOUR_MS), ("depart_ship", OTHER, 25 * _HOUR_MS)).duplicate


def test_an_outcome_is_as_old_as_the_newest_command_was_then() -> None:
    before = (("depart_ship", OTHER, 2 * _HOUR_MS),)

    assert _repeat_after(("depart_ship", OTHER, 26 * _HOUR_MS), before=before).duplicate
    assert not _repeat_after(("depart_ship", OTHER, 27 * _HOUR_MS), before=before).duplicate


_Asked = tuple[str, str, int]


def _repeat_after(*between: _Asked, before: tuple[_Asked, ...] = ()) -> Verdict:
    """The verdict on a repeat 23 hours after its first command, with these in between, and those before it."""
    judge = Judge(PartitionLogs("ship", 0, 1))
    first = ("depart_ship", SHIP, 0)
    numbered = [*enumerate(before, 1_000), (1, first), *enumerate(between, 2), (1, (*first[:2], 23 * _HOUR_MS))]
    asked = [(number, *one) for number, one in numbered]
    for offset, (number, type_, ship, at) in enumerate(asked):
        value = json.dumps(command(number, type_, {}, ship)).encode()
        verdict = judge.judge(Record(offset, ship.encode(), value, TIME + at))
    return verdict
