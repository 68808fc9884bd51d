"""What the checker expects of parking and redriving, against answers written down by hand from the contract."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import pytest

from tests.checker import check_logs
from tests.checker.handmade import written
from tests.checker.letters import offset_of, why
from tests.checker.messages import Verdict
from tests.checker.model import Judge
from tests.checker.records import Json, PartitionLogs
from tests.checker.told import Answer, Told
from tests.flow.checker_parked_story import BUSY, CODE_FAILED, NOT_WRITABLE, OTHER, TRACE, reply_id
from tests.flow.checker_story import SHIP, command, partition, record

Answers = Mapping[str, Answer]

REGISTER = command(1, "register_ship", {"name": "a"})
DOCK = command(2, "dock_ship", {"port": "Rio"})
DEPART = command(3, "depart_ship")
_GONE = Answer("rejected", "dead_letters_gone")


def _judge(answers: Answers, *values: Json, parked: int | None = 0) -> list[Verdict]:
    """The verdicts on these commands, the first of which fails and parks the ship unless it is told otherwise."""
    logs = partition("ship", values)
    told = Told({reply_id(0): CODE_FAILED, **answers}, frozenset({(SHIP, parked)}))
    judge = Judge(logs, told=told)
    return [judge.judge(one) for one in logs.records["commands"]]


def _names(verdicts: list[Verdict]) -> list[str]:
    return [verdict.name for verdict in verdicts]


def _data(verdict: Verdict) -> Json:
    assert verdict.reply is not None
    found: Json = verdict.reply["data"]
    return found


def test_an_entity_whose_command_failed_waits_and_others_go_on() -> None:
    failed, waits, other = _judge({}, REGISTER, DOCK, command(3, "register_ship", {"name": "b"}, OTHER))

    assert [failed.name, waits.name, other.name] == ["failed.internal_error", "failed.parked", "accepted"]
    assert failed.snapshot == {"parked": {"from": 0}}
    assert waits.snapshot is None
    assert _data(failed) == {
        "status": "failed",
        "code": "internal_error",
        "message": "ZeroDivisionError",
        "entity_version": None,
        "events": [],
        "duplicate": False,
        "retry_after_ms": None,
    }
    assert failed.reply is not None
    assert "commanddigest" not in failed.reply


def test_an_entity_goes_on_where_no_record_parks_it() -> None:
    assert _names(_judge({}, REGISTER, REGISTER, DOCK, parked=None)) == [
        "failed.internal_error",
        "accepted",
        "accepted",
    ]


def test_what_waits_is_redriven_in_order_each_with_its_own_id_content_and_time() -> None:
    redrive = _judge({}, REGISTER, {**DOCK, "correlationid": "c"}, command(9, "redrive_parked"))[-1]

    registered, docked = redrive.redriven
    assert [_data(each)["entity_version"] for each in (registered, docked, redrive)] == [1, 2, 2]
    raw = blake2b(b"ship\nreply\n0\n1\n2", digest_size=16).hexdigest()
    assert docked.reply is not None
    assert docked.reply["id"].replace("-", "")[:12] == raw[:12]
    assert docked.reply["time"] == docked.events[0]["time"] == "2025-11-24T18:20:00.124Z"
    assert docked.reply["causationid"] == docked.events[0]["causationid"] == DOCK["id"]
    assert docked.reply["correlationid"] == docked.events[0]["correlationid"] == "c"
    assert (redrive.name, redrive.snapshot, _data(redrive)["events"]) == ("accepted", {"parked": None}, [])


def test_a_redriven_command_keeps_the_trace_of_its_own_record() -> None:
    logs = partition("ship", [REGISTER, command(9, "redrive_parked")])
    logs.records["commands"][0] = record(0, REGISTER, headers=(TRACE, ("note", b"x")))
    judge = Judge(logs, told=Told({reply_id(0): CODE_FAILED}, frozenset({(SHIP, 0)})))

    [registered] = [judge.judge(one) for one in logs.records["commands"]][-1].redriven

    assert TRACE in registered.headers


def test_redriven_commands_meet_every_check_but_parked() -> None:
    late = command(4, "depart_ship", expectedversion=7)
    reused = command(2, "dock_ship", {"port": "Oslo"})
    redrive = _judge({}, REGISTER, DOCK, DOCK, reused, late, command(5, "register_ship", {"name": "b"}),
                     command(9, "redrive_parked"))[-1]  # fmt: skip

    assert _names(redrive.redriven) == [
        "accepted", "accepted", "duplicate", "conflict.id_reused", "conflict.version_conflict",
        "rejected.already_exists",
    ]  # fmt: skip


def test_a_skipped_command_is_left_out_and_the_entity_is_free() -> None:
    skip = command(9, "redrive_parked", {"skip": [0, 5]})

    *_, redrive, after = _judge({}, REGISTER, DOCK, skip, REGISTER)

    assert _names(redrive.redriven) == ["rejected.not_found"]
    assert after.name == "accepted"


def test_what_fails_again_stays_parked_with_all_behind_it() -> None:
    verdicts = _judge(
        {reply_id(1, 3): NOT_WRITABLE, reply_id(1, 5): CODE_FAILED},
        REGISTER, DOCK, DEPART,
        command(7, "redrive_parked"),
        command(4, "depart_ship"),
        command(8, "redrive_parked"),
        command(9, "redrive_parked"),
    )  # fmt: skip

    assert _names(verdicts[3].redriven) == ["accepted", "failed.not_writable"]
    assert _data(verdicts[3])["message"] == "The command at offset 1 failed again: too large"
    assert _data(verdicts[3])["entity_version"] == 1
    assert verdicts[4].name == "failed.parked"
    assert _names(verdicts[5].redriven) == ["failed.internal_error"]
    assert verdicts[5].name == "rejected.still_parked"
    assert [verdict.snapshot for verdict in (verdicts[3].redriven[1], verdicts[5].redriven[0])] == [
        {"parked": {"from": 1}}
    ] * 2
    assert _names(verdicts[6].redriven) == ["accepted", "accepted", "rejected.not_docked"]
    logs = partition("ship", ())
    assert why(logs, verdicts[3].redriven[1])["fairlead-redrives"] == "1"
    assert why(logs, verdicts[5].redriven[0])["fairlead-redrives"] == "2"
    assert "fairlead-redrives" not in why(logs, verdicts[0])


def test_a_command_that_came_as_a_redrive_counts_on() -> None:
    logs = partition("ship", [REGISTER, command(9, "redrive_parked")])
    logs.records["commands"][0] = record(0, REGISTER, headers=(("fairlead-redrives", b"2"),))
    told = Told({reply_id(0): CODE_FAILED, reply_id(0, 1): CODE_FAILED}, frozenset({(SHIP, 0)}))
    judge = Judge(logs, told=told)

    first, redrive = (judge.judge(one) for one in logs.records["commands"])

    assert "fairlead-redrives" not in why(logs, first)
    assert why(logs, redrive.redriven[0])["fairlead-redrives"] == "3"


def test_discarding_ends_it_and_judges_nothing() -> None:
    *_, discard, after, late = _judge(
        {}, REGISTER, DOCK, command(8, "discard_parked"), DOCK, command(9, "redrive_parked")
    )

    assert (discard.name, discard.redriven, discard.snapshot) == ("accepted", [], {"parked": None})
    assert _data(discard)["entity_version"] == 0
    assert after.name == "rejected.not_found"
    assert late.name == "rejected.not_parked"


def test_a_repeat_that_finds_its_outcome_is_answered_although_its_entity_is_parked() -> None:
    verdicts = _judge({reply_id(0): BUSY, reply_id(2): CODE_FAILED}, REGISTER, REGISTER, DOCK, REGISTER, DOCK, parked=2)

    assert _names(verdicts) == ["busy", "accepted", "failed.internal_error", "duplicate", "failed.parked"]


def test_control_commands_are_remembered_behind_what_they_redrive() -> None:
    redrive = command(9, "redrive_parked")
    others = [command(10 + at, "depart_ship") for at in range(998)]

    verdicts = _judge({}, REGISTER, redrive, *others, redrive, REGISTER, command(5_000, "depart_ship"), REGISTER)

    assert _names(verdicts[-4:]) == ["duplicate", "duplicate", "rejected.not_docked", "rejected.already_exists"]
    assert verdicts[-4].redriven == []


def test_control_commands_pass_the_checks_of_any_command() -> None:
    verdicts = _judge(
        {},
        REGISTER,
        command(4, "redrive_parked", expectedversion=3),
        command(5, "discard_parked", {"skip": []}),
        command(5, "redrive_parked", {"skip": [1.0]}),
        command(5, "redrive_parked", {"skip": [-1]}),
        command(5, "redrive_parked", {"skip": None}),
        command(5, "redrive_parked", {"skip": [0] * 1_001}),
        command(6, "redrive_parked", {"skip": [0] * 1_000}, expectedversion=0),
        command(6, "redrive_parked"),
    )

    assert _names(verdicts[1:]) == [
        "conflict.version_conflict", *["invalid.invalid_command"] * 5, "accepted", "conflict.id_reused"
    ]  # fmt: skip


def test_busy_is_not_remembered_and_never_said_to_a_control_command() -> None:
    verdicts = _judge(
        {reply_id(1): BUSY, reply_id(2): BUSY, reply_id(4): BUSY},
        REGISTER, DOCK, command(9, "redrive_parked"), DOCK, {**DOCK, "subject": "x"},
    )  # fmt: skip

    assert _names(verdicts) == ["failed.internal_error", "busy", "accepted", "accepted", "busy"]
    assert _data(verdicts[1])["message"] == "Too many commands are waiting: send it again later, with the same id"
    assert verdicts[1].reason is None


def test_a_dead_letter_that_retention_removed_is_gone_and_only_then() -> None:
    values = [REGISTER, DOCK, command(8, "redrive_parked"), command(9, "discard_parked"), REGISTER]
    told = Told({reply_id(0): CODE_FAILED, reply_id(2): _GONE}, frozenset({(SHIP, 0)}))
    logs = written(partition("ship", values), told=told)
    assert any("must be 'accepted'" in line for line in _violations(logs))

    del logs.records["dead-letters"][0]
    assert any("no dead letter" in line for line in _violations(logs))

    logs.starts["dead-letters"] = 2
    assert _violations(logs) == []
    assert check_logs([logs], failures_allowed=True).counts["rejected.dead_letters_gone"] == 1


def test_only_the_oldest_dead_letters_may_be_gone() -> None:
    logs = written(
        partition("ship", [REGISTER, DOCK, DEPART]), told=Told({reply_id(0): CODE_FAILED}, frozenset({(SHIP, 0)}))
    )
    assert [offset_of(one) for one in logs.records["dead-letters"]] == ["0", "1", "2"]
    logs.starts["dead-letters"] = 1

    del logs.records["dead-letters"][1]

    assert any("dead letter (parked) is missing" in line for line in _violations(logs))


def test_an_unfinished_run_may_stop_while_an_entity_is_parked() -> None:
    told = Told({reply_id(0): CODE_FAILED}, frozenset({(SHIP, 0)}))
    logs = written(partition("ship", [REGISTER, DOCK]), told=told)
    logs.records["commands"].append(record(2, command(9, "redrive_parked")))

    assert _violations(logs, settled=False) == []
    assert _violations(logs) != []


@pytest.mark.parametrize("type_", ["redrive_parked", "discard_parked"])
def test_a_control_command_on_what_is_not_parked_is_rejected(type_: str) -> None:
    [verdict] = _judge({reply_id(0): BUSY}, command(1, type_))

    assert verdict.name == "rejected.not_parked"
    assert _data(verdict)["message"] == f"Nothing of {SHIP} is parked"


def _violations(logs: PartitionLogs, **options: Any) -> list[str]:
    return check_logs([logs], failures_allowed=True, **options).violations
