"""Every way in which parking can go wrong, and what the checker says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from service.audit.records import PartitionLogs, Record
from service.audit.told import Told
from tests.checker.handmade import written
from tests.flow.checker_edits import Damage, drop, header, put, record, swap
from tests.flow.checker_parked_story import OTHER, TOLD, commands, letter_at, parked_at, reply_at
from tests.flow.checker_story import SHIP


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


_ENDED, _AGAIN, _BEGUN = parked_at(2), parked_at(1), parked_at(0)
_ANSWER = ("data", "status")

PARKED_DAMAGES: Mapping[str, tuple[Damage, str]] = {
    "what came after a failure was judged": (_judged_although_parked, "status is 'accepted', must be 'failed'"),
    "one answer behind a failure is accepted": (put("replies", reply_at(4), "accepted", *_ANSWER), "must be 'failed'"),
    "what waits is said to have failed": (
        put("replies", reply_at(4), "internal_error", "data", "code"),
        "fairlead-code is 'parked', must be 'internal_error'",
    ),
    "what waits is said to have failed, in its dead letter": (
        header("dead-letters", letter_at(4), "fairlead-code", b"internal_error"),
        "fairlead-code is 'internal_error', must be 'parked'",
    ),
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
    "an end record says it otherwise": (put("snapshots", _ENDED, [], "parked"), '{"parked": null} of'),
    "an end record stands first": (swap("snapshots", _AGAIN, _ENDED), 'no command leads to {"parked": {"from": 2}}'),
    "a waiting command is lost": (drop("dead-letters", letter_at(4)), "no dead letter in ship.dead-letters[0]"),
    "a failed command is lost": (drop("dead-letters", letter_at(2)), "no dead letter in ship.dead-letters[0]"),
    "failing again leaves no dead letter": (drop("dead-letters", letter_at(2, 1)), "no dead letter"),
    "what waits behind a failure is not written again": (
        drop("dead-letters", letter_at(7, 1)),
        "no dead letter in ship.dead-letters[0]: dead letter (parked) is missing",
    ),
    "what waits is written again in another order": (
        swap("dead-letters", letter_at(4, 1), letter_at(7, 1)),
        "dead letter (parked) stands before the dead letter",
    ),
    "what waits is written again before the failure": (
        swap("dead-letters", letter_at(2, 1), letter_at(4, 1)),
        "dead letter (parked) stands before the dead letter",
    ),
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
}
