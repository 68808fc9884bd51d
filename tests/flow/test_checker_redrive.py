"""What the checker expects of redriving, against answers written down by hand from the contract."""

from __future__ import annotations

from hashlib import blake2b

import pytest

from service.audit import parking
from service.audit.letters import why
from service.audit.model import Judge
from service.audit.told import Answer, Told
from tests.checker import check_logs
from tests.checker.handmade import written
from tests.flow.checker_failing import DEPART, DOCK, REGISTER, data, judge, names, violations
from tests.flow.checker_parked_story import CODE_FAILED, NOT_WRITABLE, TRACE, parked_story, reply_id
from tests.flow.checker_story import SHIP, TIME, command, partition, record

_GONE = Answer("rejected", "dead_letters_gone")


def test_what_waits_is_redriven_in_order_at_the_time_of_the_redrive() -> None:
    redrive = judge({}, REGISTER, {**DOCK, "correlationid": "c"}, command(9, "redrive_parked"))[-1]

    registered, docked = redrive.redriven
    assert [data(each)["entity_version"] for each in (registered, docked, redrive)] == [1, 2, 2]
    raw = blake2b(b"ship\nreply\n0\n1\n2", digest_size=16).hexdigest()
    assert docked.reply is not None
    assert docked.reply["id"].replace("-", "")[:12] == raw[:12]
    assert docked.reply["time"] == docked.events[0]["time"] == "2025-11-24T18:20:00.125Z"
    assert docked.reply["causationid"] == docked.events[0]["causationid"] == DOCK["id"]
    assert docked.reply["correlationid"] == docked.events[0]["correlationid"] == "c"
    assert (redrive.name, redrive.snapshot, data(redrive)["events"]) == ("accepted", {"parked": None}, [])


def test_a_repeat_finds_the_outcome_for_a_day_from_the_redrive() -> None:
    logs = partition("ship", ())
    day = 24 * 3_600_000
    asked = [(REGISTER, 0), (command(9, "redrive_parked"), day), (REGISTER, 2 * day - 9), (REGISTER, 2 * day)]
    logs.records["commands"] = [record(at, value, at=TIME + time) for at, (value, time) in enumerate(asked)]
    judge = Judge(logs, told=Told({reply_id(0): CODE_FAILED}, frozenset({(SHIP, 0)})))

    verdicts = [judge.judge(one) for one in logs.records["commands"]]

    assert names(verdicts[2:]) == ["duplicate", "rejected.already_exists"]


def test_a_redriven_command_keeps_the_trace_of_its_own_record() -> None:
    logs = partition("ship", [REGISTER, command(9, "redrive_parked")])
    logs.records["commands"][0] = record(0, REGISTER, headers=(TRACE, ("note", b"x")))
    judge = Judge(logs, told=Told({reply_id(0): CODE_FAILED}, frozenset({(SHIP, 0)})))

    [registered] = [judge.judge(one) for one in logs.records["commands"]][-1].redriven

    assert TRACE in registered.headers


def test_redriven_commands_meet_every_check_but_parked() -> None:
    late = command(4, "depart_ship", expectedversion=7)
    reused = command(2, "dock_ship", {"port": "Oslo"})
    redrive = judge({}, REGISTER, DOCK, DOCK, reused, late, command(5, "register_ship", {"name": "b"}),
                     command(9, "redrive_parked"))[-1]  # fmt: skip

    assert names(redrive.redriven) == [
        "accepted", "accepted", "duplicate", "conflict.id_reused", "conflict.version_conflict",
        "rejected.already_exists",
    ]  # fmt: skip


def test_a_skipped_command_is_left_out_and_the_entity_is_free() -> None:
    skip = command(9, "redrive_parked", {"skip": [0, 5]})

    *_, redrive, after = judge({}, REGISTER, DOCK, skip, REGISTER)

    assert names(redrive.redriven) == ["rejected.not_found"]
    assert after.name == "accepted"


def test_what_fails_again_stays_parked_with_all_behind_it() -> None:
    verdicts = judge(
        {reply_id(1, 3): NOT_WRITABLE, reply_id(1, 5): CODE_FAILED},
        REGISTER, DOCK, DEPART,
        command(7, "redrive_parked"),
        command(4, "depart_ship"),
        command(8, "redrive_parked"),
        command(9, "redrive_parked"),
    )  # fmt: skip

    assert names(verdicts[3].redriven) == ["accepted", "failed.not_writable"]
    assert data(verdicts[3])["message"] == "The command at offset 1 failed again: too large"
    assert data(verdicts[3])["entity_version"] == 1
    assert verdicts[4].name == "failed.parked"
    assert names(verdicts[5].redriven) == ["failed.internal_error"]
    assert verdicts[5].name == "rejected.still_parked"
    assert [verdict.snapshot for verdict in (verdicts[3].redriven[1], verdicts[5].redriven[0])] == [
        {"parked": {"from": 1}}
    ] * 2
    assert names(verdicts[6].redriven) == ["accepted", "accepted", "rejected.not_docked"]
    assert [[one.record.offset for one in verdict.behind] for verdict in verdicts[3].redriven] == [[], [2]]
    assert [[one.record.offset for one in verdict.behind] for verdict in verdicts[5].redriven] == [[2, 4]]
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


@pytest.mark.parametrize("count", [None, b"", b"abc", b"-1", b"\xff", "\u0663".encode(), b"9" * 19])
def test_a_count_that_is_none_counts_as_nothing(count: bytes | None) -> None:
    logs = partition("ship", [REGISTER, command(9, "redrive_parked")])
    logs.records["commands"][0] = record(0, REGISTER, headers=(("fairlead-redrives", count),))
    told = Told({reply_id(0): CODE_FAILED, reply_id(0, 1): CODE_FAILED}, frozenset({(SHIP, 0)}))
    judge = Judge(logs, told=told)

    _, redrive = (judge.judge(one) for one in logs.records["commands"])

    assert why(logs, redrive.redriven[0])["fairlead-redrives"] == "1"


def test_what_is_skipped_behind_a_failure_goes_on_waiting() -> None:
    skip = command(8, "redrive_parked", {"skip": [0, 2]})

    verdicts = judge({reply_id(1, 3): CODE_FAILED}, REGISTER, DOCK, DEPART, skip, command(9, "redrive_parked"))

    assert names(verdicts[3].redriven) == ["failed.internal_error"]
    assert [(one.name, one.record.offset, one.reply) for one in verdicts[3].redriven[0].behind] == [
        ("failed.parked", 2, None)
    ]
    assert [one.record.offset for one in verdicts[4].redriven] == [1, 2]


def test_control_commands_are_remembered_behind_what_they_redrive() -> None:
    redrive = command(9, "redrive_parked")
    others = [command(10 + at, "depart_ship") for at in range(998)]

    verdicts = judge({}, REGISTER, redrive, *others, redrive, REGISTER, command(5_000, "depart_ship"), REGISTER)

    assert names(verdicts[-4:]) == ["duplicate", "duplicate", "rejected.not_docked", "rejected.already_exists"]
    assert verdicts[-4].redriven == []


def test_a_control_command_that_fails_ends_nothing_and_waits_as_well() -> None:
    redrive, again = command(8, "redrive_parked"), command(9, "redrive_parked")

    verdicts = judge({reply_id(2): CODE_FAILED}, REGISTER, DOCK, redrive, DEPART, again)

    assert names(verdicts[2:]) == ["failed.internal_error", "failed.parked", "accepted"]
    assert (verdicts[2].redriven, verdicts[2].snapshot) == ([], None)
    assert names(verdicts[4].redriven) == ["accepted", "accepted", "rejected.not_parked", "accepted"]


def test_the_dead_letter_of_what_failed_again_is_looked_for() -> None:
    answers = {reply_id(1, 2): CODE_FAILED, reply_id(3): _GONE}

    verdicts = judge(answers, REGISTER, DOCK, command(8, "redrive_parked"), command(9, "redrive_parked"))

    gone = "The dead letter of the command at offset 1 is no longer kept: discard what is left"
    assert data(verdicts[3])["message"] == gone


@pytest.mark.parametrize("bound", ["MAX_WAITING", "MAX_WAITING_BYTES"])
def test_more_than_one_redrive_takes_goes_on_waiting(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    logs = partition(
        "ship", [REGISTER, DOCK, command(8, "redrive_parked", {"skip": [1]}), command(9, "redrive_parked")]
    )
    logs.records["commands"][1] = record(1, DOCK, headers=(("né", b"123"), ("x", None)))
    values = [len(one.value or b"") for one in logs.records["commands"][:2]]
    exact = 2 if bound == "MAX_WAITING" else sum(values) + 3 + 3 + 1
    judge = Judge(logs, told=Told({reply_id(0): CODE_FAILED}, frozenset({(SHIP, 0)})))

    monkeypatch.setattr(parking, bound, exact - 1)
    *_, refused = [judge.judge(one) for one in logs.records["commands"][:3]]
    monkeypatch.setattr(parking, bound, exact)
    redrive = judge.judge(logs.records["commands"][3])

    assert (refused.name, refused.redriven, refused.snapshot) == ("rejected.too_many_waiting", [], None)
    assert data(refused)["message"] == (
        "More than 10,000 commands, or 16 MiB, wait from offset 0 on: discard them, then send their dead letters again"
    )
    assert names([*redrive.redriven, redrive]) == ["accepted", "accepted", "accepted"]


def test_the_bound_is_that_of_the_contract() -> None:
    assert (parking.MAX_WAITING, parking.MAX_WAITING_BYTES) == (10_000, 16 * 2**20)


def test_a_redrive_of_too_many_is_objected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = parked_story()
    monkeypatch.setattr(parking, "MAX_WAITING", 2)
    assert any("must be 'too_many_waiting'" in line for line in violations(logs, busy_allowed=True))


def test_a_dead_letter_that_is_gone_is_told_before_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parking, "MAX_WAITING", 1)
    *_, redrive = judge({reply_id(2): _GONE}, REGISTER, DOCK, command(9, "redrive_parked"))
    assert redrive.name == "rejected.dead_letters_gone"


def test_a_dead_letter_that_retention_removed_is_gone_and_only_then() -> None:
    values = [REGISTER, DOCK, command(8, "redrive_parked"), command(9, "discard_parked"), REGISTER]
    told = Told({reply_id(0): CODE_FAILED, reply_id(2): _GONE}, frozenset({(SHIP, 0)}))
    logs = written(partition("ship", values), told=told)
    assert any("must be 'accepted'" in line for line in violations(logs))

    del logs.records["dead-letters"][0]
    assert any("no dead letter" in line for line in violations(logs))

    logs.starts["dead-letters"] = 2
    assert violations(logs) == []
    assert check_logs([logs], failures_allowed=True).counts["rejected.dead_letters_gone"] == 1
