"""The checker is believed only because it objects: to each kind of damage, and to nothing else."""

from __future__ import annotations

import pytest

from service.audit.records import DataKey
from tests.checker import check_logs
from tests.checker.handmade import written
from tests.flow.checker_damage import DAMAGES
from tests.flow.checker_edits import Damage, double, put
from tests.flow.checker_story import KEYS, SHIP, USER, command, partition, ship_story, user_story


def test_honest_logs_are_not_objected_to() -> None:
    assert check_logs([ship_story(), user_story()], keys=KEYS).violations == []
    assert check_logs([ship_story(), user_story()]).violations == []


def test_what_was_looked_at_is_counted() -> None:
    counts = check_logs([ship_story()]).counts

    assert (counts["commands"], counts["accepted"], counts["events"], counts["replies"]) == (11, 4, 4, 10)
    assert (counts["duplicate"], counts["conflict.id_reused"], counts["dead letters"]) == (1, 1, 3)


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found(name: str) -> None:
    damage, said = DAMAGES[name]
    logs = ship_story()
    damage(logs)

    violations = check_logs([logs]).violations

    assert any(said in line for line in violations), violations


def test_an_unfinished_run_may_stop_at_its_checkpoint_and_no_further() -> None:
    stopped = ship_story()
    stopped.records["snapshots"] = stopped.records["snapshots"][:-2]
    stopped.records["dead-letters"].pop()
    departed = stopped.records["events"].pop()
    stopped.records["replies"].pop()
    assert check_logs([stopped], settled=False).violations == []
    assert check_logs([stopped]).violations != []

    stopped.records["events"].append(departed)
    [violation] = check_logs([stopped], settled=False).violations
    assert "event without a cause" in violation


def test_a_checkpoint_may_lie_past_the_markers_behind_the_commands() -> None:
    logs = ship_story()
    logs.starts["commands"], logs.ends["commands"] = 0, 13
    double("snapshots", -1)(logs)
    put("snapshots", -1, 13, "next_offset")(logs)
    assert check_logs([logs]).violations == []

    put("snapshots", -1, 14, "next_offset")(logs)
    [violation] = check_logs([logs]).violations
    assert "lies beyond the end" in violation


def test_commands_behind_an_aborted_transaction_are_all_there() -> None:
    commands = partition("ship", [command(1, "sink_ship"), command(2, "depart_ship")])
    del commands.records["commands"][0]
    logs = written(commands)
    logs.starts["commands"] = 0
    assert check_logs([logs]).violations == []

    logs.starts["commands"] = 1
    assert "begins at 1" in check_logs([logs]).violations[0]


@pytest.mark.parametrize(
    "damage",
    [
        put("events", 0, "Zo\u00eb", "data", "username"),
        put("events", 0, "AAAA", "data", "username", "value"),
        put("events", 0, "no key id", "data", "username", "kid"),
        put("replies", 0, "0" * 32, "commanddigest"),
    ],
)
def test_a_name_that_is_not_protected_as_it_must_be_is_found(damage: Damage) -> None:
    logs = user_story()
    damage(logs)

    assert check_logs([logs]).violations != []
    assert check_logs([logs], keys=KEYS).violations != []


def test_a_name_sealed_under_another_key_is_found() -> None:
    key = KEYS[USER]

    for wrong in (DataKey(key.kid, bytes(32)), DataKey(SHIP, key.secret)):
        assert check_logs([user_story()], keys={USER: wrong}).violations != []
    assert check_logs([user_story()], keys={}).violations != []
    assert check_logs([user_story()], keys={USER: DataKey(key.kid, None)}).violations == []
