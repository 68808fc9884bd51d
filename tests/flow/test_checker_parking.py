"""What the checker expects of parking and redriving, against answers written down by hand from the contract."""

from __future__ import annotations

import pytest

from service.audit.letters import offset_of
from service.audit.told import Told
from tests.checker.handmade import written
from tests.flow.checker_failing import DEPART, DOCK, REGISTER, data, judge, names, violations
from tests.flow.checker_parked_story import BUSY, CODE_FAILED, NOT_WRITABLE, OTHER, reply_id
from tests.flow.checker_story import SHIP, command, partition, record


def test_an_entity_whose_command_failed_waits_and_others_go_on() -> None:
    failed, waits, other = judge({}, REGISTER, DOCK, command(3, "register_ship", {"name": "b"}, OTHER))

    assert [failed.name, waits.name, other.name] == ["failed.internal_error", "failed.parked", "accepted"]
    assert failed.snapshot == {"parked": {"from": 0}}
    assert waits.snapshot is None
    assert data(failed) == {
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


def test_a_failure_on_what_would_wait_is_one_and_it_waits_like_the_others() -> None:
    reused = {**REGISTER, "data": {"name": "b"}}
    redrive = command(9, "redrive_parked")

    verdicts = judge({reply_id(1): CODE_FAILED, reply_id(2): NOT_WRITABLE}, REGISTER, DOCK, reused, DEPART, redrive)

    assert names(verdicts[:4]) == [*["failed.internal_error"] * 2, "failed.not_writable", "failed.parked"]
    assert [verdict.snapshot for verdict in verdicts[1:4]] == [None] * 3
    assert names(verdicts[4].redriven) == ["accepted", "accepted", "conflict.id_reused", "accepted"]


def test_an_entity_goes_on_where_no_record_parks_it() -> None:
    assert names(judge({}, REGISTER, REGISTER, DOCK, parked=None)) == [
        "failed.internal_error",
        "accepted",
        "accepted",
    ]


def test_discarding_ends_it_and_judges_nothing() -> None:
    *_, discard, after, late = judge(
        {}, REGISTER, DOCK, command(8, "discard_parked"), DOCK, command(9, "redrive_parked")
    )

    assert (discard.name, discard.redriven, discard.snapshot) == ("accepted", [], {"parked": None})
    assert data(discard)["entity_version"] == 0
    assert after.name == "rejected.not_found"
    assert late.name == "rejected.not_parked"


def test_a_repeat_that_finds_its_outcome_is_answered_although_its_entity_is_parked() -> None:
    verdicts = judge({reply_id(0): BUSY, reply_id(2): CODE_FAILED}, REGISTER, REGISTER, DOCK, REGISTER, DOCK, parked=2)

    assert names(verdicts) == ["busy", "accepted", "failed.internal_error", "duplicate", "failed.parked"]


def test_control_commands_pass_the_checks_of_any_command() -> None:
    verdicts = judge(
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

    assert names(verdicts[1:]) == [
        "conflict.version_conflict", *["invalid.invalid_command"] * 5, "accepted", "conflict.id_reused"
    ]  # fmt: skip


def test_busy_is_not_remembered_and_never_said_to_a_control_command() -> None:
    verdicts = judge(
        {reply_id(1): BUSY, reply_id(2): BUSY, reply_id(4): BUSY},
        REGISTER, DOCK, command(9, "redrive_parked"), DOCK, {**DOCK, "subject": "x"},
    )  # fmt: skip

    assert names(verdicts) == ["failed.internal_error", "busy", "accepted", "accepted", "busy"]
    assert data(verdicts[1])["message"] == "Too many commands are waiting: send it again later, with the same id"
    assert verdicts[1].reason is None


def test_only_the_oldest_dead_letters_may_be_gone() -> None:
    logs = written(
        partition("ship", [REGISTER, DOCK, DEPART]), told=Told({reply_id(0): CODE_FAILED}, frozenset({(SHIP, 0)}))
    )
    assert [offset_of(one) for one in logs.records["dead-letters"]] == ["0", "1", "2"]
    logs.starts["dead-letters"] = 1

    del logs.records["dead-letters"][1]

    assert any("dead letter (parked) is missing" in line for line in violations(logs))


def test_an_unfinished_run_may_stop_while_an_entity_is_parked() -> None:
    told = Told({reply_id(0): CODE_FAILED}, frozenset({(SHIP, 0)}))
    logs = written(partition("ship", [REGISTER, DOCK]), told=told)
    logs.records["commands"].append(record(2, command(9, "redrive_parked")))

    assert violations(logs, settled=False) == []
    assert violations(logs) != []


@pytest.mark.parametrize("type_", ["redrive_parked", "discard_parked"])
def test_a_control_command_on_what_is_not_parked_is_rejected(type_: str) -> None:
    [verdict] = judge({reply_id(0): BUSY}, command(1, type_))

    assert verdict.name == "rejected.not_parked"
    assert data(verdict)["message"] == f"Nothing of {SHIP} is parked"
