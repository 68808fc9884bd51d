"""Every way in which parking, redriving and asking to come again can go wrong, and what the checker says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.checker.handmade import written
from tests.checker.records import PartitionLogs, Record
from tests.checker.told import Told
from tests.flow.checker_edits import Damage, add, drop, edit, header, put, record, swap
from tests.flow.checker_parked_story import OTHER, TOLD, commands, letter_at, parked_at, reply_at, reply_id
from tests.flow.checker_story import SHIP, command_id


def _parks(value: object, ship: str = SHIP) -> Damage:
    return lambda logs: logs.records["snapshots"].append(Record(1_000, ship.encode(), json.dumps(value).encode()))


def _judged_although_parked(logs: PartitionLogs) -> None:
    logs.records = written(commands(), told=Told(TOLD.answers, TOLD.parked - {(SHIP, 2)})).records
    _parks({"parked": {"from": 2}})(logs)


def _not_parked_at_all(logs: PartitionLogs) -> None:
    logs.records = written(commands(), told=Told(TOLD.answers)).records
    _parks({"parked": {"from": 18}}, SHIP)(logs)


def _header_twice(logs: PartitionLogs) -> None:
    headers = logs.records["dead-letters"][0].headers
    record("dead-letters", 0, headers=(*headers, ("fairlead-code", b"internal_error")))(logs)


def _event_of_a_failure(logs: PartitionLogs) -> None:
    add("events", 1, type="CargoLoaded", entityversion=2, subject=OTHER, causationid=command_id(16))(logs)


def _true(reply: Any) -> None:
    reply["data"]["retry_after_ms"] = True


_ENDED, _AGAIN, _BEGUN = parked_at(2), parked_at(1), parked_at(0)
_ANSWER = ("data", "status")

PARKED_DAMAGES: Mapping[str, tuple[Damage, str]] = {
    "what came after a failure was judged": (_judged_although_parked, "status is 'accepted', must be 'failed'"),
    "one answer behind a failure is accepted": (put("replies", reply_at(4), "accepted", *_ANSWER), "must be 'failed'"),
    "a parked record is missing": (drop("snapshots", parked_at(3)), "status is 'failed', must be 'accepted'"),
    "the last parked record is missing": (drop("snapshots", -3), "status is 'failed', must be 'rejected'"),
    "a parked record without a failure": (_parks({"parked": {"from": 5}}, OTHER), "no command leads to"),
    "a parked record names another command": (
        put("snapshots", parked_at(3), 11, "parked", "from"),
        'no command leads to {"parked": {"from": 11}}',
    ),
    "a parked record holds more": (put("snapshots", _BEGUN, 1, "parked", "more"), "without a cause"),
    "a parked record is under another key": (record("snapshots", _BEGUN, key=OTHER.encode()), "without a cause"),
    "a parked record names a float": (put("snapshots", _BEGUN, 2.0, "parked", "from"), "without a cause"),
    "nothing parked, but a record says so": (_not_parked_at_all, "no command leads to"),
    "an end record is missing": (drop("snapshots", _ENDED), 'no record in ship.snapshots[0]: {"parked": null}'),
    "an end record is doubled": (_parks({"parked": None}), 'no command leads to {"parked": null}'),
    "an end record says it otherwise": (put("snapshots", _ENDED, [], "parked"), '{"parked": null} of'),
    "an end record stands first": (swap("snapshots", _AGAIN, _ENDED), "stands before the record"),
    "failing again is not recorded": (drop("snapshots", _AGAIN), 'no record in ship.snapshots[0]: {"parked": {"from"'),
    "a waiting command is lost": (drop("dead-letters", letter_at(4)), "no dead letter in ship.dead-letters[0]"),
    "a failed command is lost": (drop("dead-letters", letter_at(2)), "no dead letter in ship.dead-letters[0]"),
    "failing again leaves no dead letter": (drop("dead-letters", letter_at(2, 1)), "no dead letter"),
    "a dead letter has no traceback": (header("dead-letters", letter_at(2), "fairlead-traceback", None), "traceback"),
    "a refused command has a traceback": (
        header("dead-letters", letter_at(18), "fairlead-traceback", b"x"),
        "traceback",
    ),
    "a waiting command has another code": (
        header("dead-letters", letter_at(4), "fairlead-code", b"internal_error"),
        "fairlead-code is 'internal_error', must be 'parked'",
    ),
    "a reason is not that of the reply": (
        header("dead-letters", letter_at(2), "fairlead-reason", b"KeyError"),
        "fairlead-reason is 'KeyError', must be 'ZeroDivisionError'",
    ),
    "a dead letter does not count redrives": (
        header("dead-letters", letter_at(2, 1), "fairlead-redrives", None),
        "dead letter (not_writable) is missing",
    ),
    "a dead letter counts too many redrives": (
        header("dead-letters", letter_at(2, 1), "fairlead-redrives", b"2"),
        "the dead letter of offset 2, redriven 2 times",
    ),
    "a first dead letter counts a redrive": (
        header("dead-letters", letter_at(4), "fairlead-redrives", b"1"),
        "the dead letter of offset 4, redriven 1 times",
    ),
    "a header is there twice": (_header_twice, "fairlead-code (2)"),
    "a waiting command was not redriven": (drop("replies", reply_at(4, 10)), "no reply in ship.replies[0]"),
    "redriven in another order": (swap("replies", reply_at(2, 10), reply_at(4, 10)), "stands before the reply"),
    "events of a redrive in another order": (swap("events", 3), "stands before the event"),
    "a redriven command led to nothing": (drop("events", 4), "no event in ship.events[0]: ShipDeparted 4"),
    "a control command is answered first": (swap("replies", reply_at(9, 10), reply_at(10)), "stands before the reply"),
    "a skipped command was judged": (
        add("replies", reply_at(9, 10), id=reply_id(7, 10), causationid=command_id(7)),
        f"no command leads to reply to {command_id(7)}",
    ),
    "the rest was judged behind a failure": (
        add("replies", reply_at(9, 10), id=reply_id(4, 8), causationid=command_id(4)),
        f"no command leads to reply to {command_id(4)}",
    ),
    "a redriven command has its first reply's id": (
        put("replies", reply_at(4, 10), reply_id(4), "id"),
        f"reply to {command_id(4)} is doubled",
    ),
    "a redriven command has another reply's id": (
        put("replies", reply_at(4, 10), reply_id(4, 8), "id"),
        f"reply to {command_id(4)} is missing",
    ),
    "a redriven command has the control command's time": (
        put("replies", reply_at(2, 10), "2025-11-24T18:20:00.133Z", "time"),
        "value.time",
    ),
    "redriving is accepted although it failed": (
        put("replies", reply_at(8), "accepted", *_ANSWER),
        "must be 'rejected'",
    ),
    "redriving names another offset": (
        put("replies", reply_at(8), "The command at offset 4 failed again: too large", "data", "message"),
        "value.data.message",
    ),
    "redriving names another error": (
        put("replies", reply_at(8), "The command at offset 2 failed again: too small", "data", "message"),
        "value.data.message",
    ),
    "redriving has a version from before": (put("replies", reply_at(10), 2, "data", "entity_version"), "must be 5"),
    "redriving tells events": (put("replies", reply_at(10), [{}], "data", "events"), "value.data.events"),
    "redriving nothing is accepted": (put("replies", reply_at(11), "accepted", *_ANSWER), "must be 'rejected'"),
    "letters are said to be gone that are there": (
        put("replies", reply_at(8), "dead_letters_gone", "data", "code"),
        "must be 'still_parked'",
    ),
    "discarding is not answered": (drop("replies", reply_at(14)), "no reply in ship.replies[0]"),
    "a failure tells a version": (put("replies", reply_at(2), 2, "data", "entity_version"), "must be None"),
    "a failure has a digest": (put("replies", reply_at(2), "0" * 32, "commanddigest"), "commanddigest"),
    "a failure is no type of an error": (put("replies", reply_at(2), "1 / 0 failed", "data", "message"), "a text like"),
    "a failure has an unknown code": (put("replies", reply_at(16), "broken", "data", "code"), "must be None"),
    "a failure left an event": (_event_of_a_failure, "is doubled"),
    "busy left an event": (
        add("events", 1, entityversion=3, subject=OTHER, causationid=command_id(6)),
        f"no command leads to ShipDocked 3 of {OTHER}",
    ),
    "busy left a dead letter": (
        lambda logs: logs.records["dead-letters"].append(
            Record(1_000, OTHER.encode(), b"", 0, (("fairlead-offset", b"6"),))
        ),
        "no command leads to the dead letter of offset 6",
    ),
    "busy does not say when": (put("replies", reply_at(6), None, "data", "retry_after_ms"), "an integer above 0"),
    "busy says at once": (put("replies", reply_at(6), 0, "data", "retry_after_ms"), "an integer above 0"),
    "busy says true": (edit("replies", reply_at(6), _true), "an integer above 0"),
    "busy has another message": (
        put("replies", reply_at(6), "Busy", "data", "message"),
        "value.data.message is 'Busy'",
    ),
    "a control command is told to come again": (
        edit("replies", reply_at(14), lambda reply: reply["data"].update(status="busy", code="busy")),
        "status is 'busy', must be 'accepted'",
    ),
}
