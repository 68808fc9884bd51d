"""What an audit of a running system has to find, and what it may not object to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.audit.records import PartitionLogs
from tests.checker.handmade import written
from tests.flow.checker_damage import DAMAGES
from tests.flow.checker_edits import Damage, put
from tests.flow.checker_parked_damage import PARKED_DAMAGES
from tests.flow.checker_parked_story import parked_story
from tests.flow.checker_redrive_damage import REDRIVE_DAMAGES
from tests.flow.checker_snapshot_damage import SNAPSHOT_DAMAGES, swept_ship, swept_user
from tests.flow.checker_story import KEYS, SHIP, TIME, command, partition, record, ship_story, user_story
from tests.flow.live import judge_live

# On a running system not all commands need be handled, retention takes commands, and compaction all but the last
# snapshot of each entity.
_NOT_DAMAGED = {
    "a command was not handled",
    "the commands were shortened",
    "a parked record is missing",
    "the last parked record is missing",
    "a parked record names another command",
    "an end record is missing",
    "an end record stands first",
    "a floor in the transaction before the snapshot",
}
_ALL: list[tuple[str, Callable[[], PartitionLogs], Damage]] = [
    (name, story, damage)
    for story, damages in (
        (ship_story, DAMAGES),
        (parked_story, {**PARKED_DAMAGES, **REDRIVE_DAMAGES}),
        (swept_ship, SNAPSHOT_DAMAGES),
    )
    for name, (damage, _) in damages.items()
    if name not in _NOT_DAMAGED
]


@pytest.mark.parametrize("story", [ship_story, parked_story, swept_ship])
def test_honest_logs_are_not_objected_to(story: Callable[[], PartitionLogs]) -> None:
    assert judge_live(story()).violations == []


@pytest.mark.parametrize("story", [user_story, swept_user])
def test_honest_logs_of_users_are_not_objected_to(story: Callable[[], PartitionLogs]) -> None:
    assert judge_live(story(), keys=KEYS).violations == []


@pytest.mark.parametrize(("story", "damage"), [one[1:] for one in _ALL], ids=[one[0] for one in _ALL])
def test_damage_is_found(story: Callable[[], PartitionLogs], damage: Damage) -> None:
    logs = story()
    damage(logs)
    assert judge_live(logs).violations != []


def test_a_repeat_of_what_is_gone_is_not_judged_and_what_follows_it_is() -> None:
    logs = _shortened(ship_story(), 3)
    report = judge_live(logs)

    assert [] == report.violations
    assert 2 == report.counts["commands not judged: repeats what was asked before, perhaps"]
    assert 6 == report.counts["commands judged again"]

    put("events", -1, SHIP, "causationid")(logs)
    assert judge_live(logs).violations != []


def test_a_repeat_of_what_is_gone_counts_by_the_newest_clock_before() -> None:
    first, hour = command(1, "register_ship", {"name": "a"}), 3_600_000
    asked = [(first, 30), (command(2, "dock_ship", {"port": "Rio"}), 0), (first, 26), (command(3, "depart_ship"), 56)]
    logs = partition("ship", ())
    logs.records["commands"] = [record(at, value, at=TIME + hours * hour) for at, (value, hours) in enumerate(asked)]
    logs = written(logs)
    logs.starts["replies"] = logs.records["replies"].pop(0).offset + 1
    report = judge_live(logs)

    assert [] == report.violations
    assert 1 == report.counts["commands not judged: repeats what was asked before, perhaps"]

    put("replies", -1, True, "data", "duplicate")(logs)  # noqa: FBT003  # what the reply says
    assert judge_live(logs).violations != []


def test_what_replies_no_longer_tell_is_not_judged() -> None:
    logs = _shortened(ship_story(), 0)
    logs.records["replies"].clear()
    logs.starts["replies"] = logs.ends["replies"] = 20
    report = judge_live(logs)

    assert [] == report.violations
    assert 11 == report.counts["commands not judged: what they rest on is gone"]


def _shortened(logs: PartitionLogs, commands: int) -> PartitionLogs:
    logs.starts = {"commands": commands, "replies": 0}
    del logs.records["commands"][:commands]
    return logs
