"""Every way in which redriving and asking to come again can go wrong, and what the checker says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.audit.records import PartitionLogs, Record
from tests.flow.checker_edits import Damage, add, drop, edit, header, put, swap
from tests.flow.checker_parked_story import OTHER, letter_at, reply_at, reply_id
from tests.flow.checker_story import TIME, command_id


def _event_of_a_failure(logs: PartitionLogs) -> None:
    add("events", 1, type="CargoLoaded", entityversion=2, subject=OTHER, causationid=command_id(16))(logs)


def _true(reply: Any) -> None:
    reply["data"]["retry_after_ms"] = True


_ANSWER = ("data", "status")

REDRIVE_DAMAGES: Mapping[str, tuple[Damage, str]] = {
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
    "a redriven command has the time at which it came": (
        put("replies", reply_at(2, 10), "2025-11-24T18:20:00.125Z", "time"),
        "value.time",
    ),
    "an event of a redriven command has the time at which it came": (
        put("events", 3, "2025-11-24T18:20:00.125Z", "time"),
        "value.time",
    ),
    "a dead letter has the time of the redrive": (
        header("dead-letters", letter_at(2, 1), "fairlead-timestamp", str(TIME + 8).encode()),
        "fairlead-timestamp",
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
    "more is said to wait than does": (
        put("replies", reply_at(8), "too_many_waiting", "data", "code"),
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
