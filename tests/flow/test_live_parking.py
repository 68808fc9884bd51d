"""What an audit makes of parking where compaction and retention have taken some of what told of it."""

from __future__ import annotations

from collections.abc import Mapping

from service.audit.records import Json, PartitionLogs
from service.audit.report import Report
from service.audit.told import Answer, Told
from tests.checker.handmade import written
from tests.flow.checker_edits import drop
from tests.flow.checker_failing import DEPART, DOCK, REGISTER
from tests.flow.checker_parked_story import CODE_FAILED, NOT_WRITABLE, reply_at, reply_id
from tests.flow.checker_story import SHIP, command, partition
from tests.flow.live import judge_live

_REDRIVE, _DISCARD = command(8, "redrive_parked"), command(9, "discard_parked")
_UNKNOWN = {"commands not judged: redrives what waits from an unknown command on": 1}


def _logs(answers: Mapping[str, Answer], parked: int, *asked: Json, compacted: bool = True) -> PartitionLogs:
    """Those of one ship that the command at this offset parked, with its last snapshot alone where `compacted`."""
    logs = written(partition("ship", asked), told=Told(answers, frozenset({(SHIP, parked)})))
    if compacted:
        logs.records["snapshots"] = [*{one.key: one for one in logs.records["snapshots"]}.values()]
    return logs


def _not_judged(report: Report) -> dict[str, int]:
    return {name: count for name, count in report.counts.items() if name.startswith("commands not judged")}


def test_a_record_of_a_redriven_failure_does_not_say_that_nothing_was_parked_before() -> None:
    answers = {reply_id(0): NOT_WRITABLE, reply_id(1): CODE_FAILED, reply_id(1, 2): CODE_FAILED}
    report = judge_live(_logs(answers, 0, _DISCARD, REGISTER, _REDRIVE))

    assert report.violations == []
    assert _not_judged(report) == _UNKNOWN


def test_which_of_several_failures_parked_is_unknown_where_a_redrive_has_to_know_it() -> None:
    answers = {reply_id(0): NOT_WRITABLE, reply_id(1): CODE_FAILED}
    report = judge_live(_logs(answers, 1, REGISTER, DOCK, DEPART, _REDRIVE))

    assert report.violations == []
    assert _not_judged(report) == _UNKNOWN


def test_which_of_several_failures_parked_does_not_matter_where_they_are_discarded() -> None:
    answers = {reply_id(0): NOT_WRITABLE, reply_id(1): CODE_FAILED}
    logs = _logs(answers, 1, REGISTER, DOCK, DEPART, _DISCARD, {**REGISTER, "id": DOCK["id"]})
    report = judge_live(logs)

    assert report.violations == []
    assert _not_judged(report) == {}

    drop("replies", reply_at(4))(logs)
    assert judge_live(logs).violations != []


def test_a_failure_before_the_one_that_parked_is_forgotten_with_it() -> None:
    answers = {reply_id(0): CODE_FAILED, reply_id(1): CODE_FAILED}
    again = command(10, "redrive_parked")
    report = judge_live(_logs(answers, 1, REGISTER, DOCK, _DISCARD, again, compacted=False))

    assert report.violations == []
    assert _not_judged(report) == {}


def test_an_entity_that_was_free_since_the_logs_begin_is_judged_through_its_parking() -> None:
    answers = {reply_id(2): CODE_FAILED, reply_id(2, 4): CODE_FAILED}
    logs = _logs(answers, 2, REGISTER, DOCK, DEPART, command(4, "depart_ship"), _REDRIVE, _DISCARD)
    logs.starts = {"commands": 1}
    del logs.records["commands"][:1]
    report = judge_live(logs)

    assert report.violations == []
    assert _not_judged(report) == {}

    drop("replies", reply_at(2, 4))(logs)
    assert judge_live(logs).violations != []


def test_an_entity_that_waited_before_the_logs_begin_is_not_taken_to_wait_from_a_later_failure() -> None:
    answers = {reply_id(0): CODE_FAILED, reply_id(1): NOT_WRITABLE, reply_id(1, 2): CODE_FAILED}
    logs = _logs(answers, 0, REGISTER, DOCK, _REDRIVE)
    logs.starts = {"commands": 1}
    del logs.records["commands"][:1]

    assert judge_live(logs).violations == []


def test_of_dead_letters_in_the_making_the_first_may_be_gone_and_the_last_there() -> None:
    logs = _logs({reply_id(0): CODE_FAILED, reply_id(0, 2): CODE_FAILED}, 0, REGISTER, DOCK, _REDRIVE)
    logs.starts["dead-letters"] = logs.records["dead-letters"][2].offset
    del logs.records["dead-letters"][:2]

    assert judge_live(logs, settled=0).violations == []
