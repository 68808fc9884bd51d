"""Logs whose entities were swept, and every way in which a snapshot or a floor can be wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from service.audit.records import Json, PartitionLogs, Record
from service.audit.states import tagged
from tests.checker.handmade import FOLD
from tests.checker.steps import Step, steps_of
from tests.flow.checker_edits import Damage, Place, both, double, drop, edit, put, record
from tests.flow.checker_story import SHIP, ship_story, user_story

HOUR = 3_600_000


def snapshot(aggregate: str, step: Step, version: int) -> Json:
    """What a sweep writes of an entity that is not parked."""
    state = {"fold": FOLD, "version": version, "time": step.time, "state": tagged(aggregate, step.state)}
    return {"parked": None, **state}


def swept(logs: PartitionLogs, commands: int) -> PartitionLogs:
    """The same once all was swept with the command behind so many, from whose checkpoint on the floor is higher.

    The replies to the first two came 26 hours before the others.
    """
    logs.records["replies"] = [
        replace(reply, timestamp=one.timestamp - (26 * HOUR if number < 2 else 0))
        for number, (reply, one) in enumerate(zip(logs.records["replies"], logs.records["commands"], strict=False))
    ]
    checkpoints, steps = logs.records["snapshots"], steps_of(logs)
    # Every second offset has one.
    floor = 2 * json.loads(checkpoints[commands].value or b"")["reached"]["events"] - 1
    passed = [step for step in steps if step.offset < floor]
    records = checkpoints[:commands]
    for entity_id in {step.entity_id for step in passed}:
        own = [step for step in passed if step.entity_id == entity_id]
        value = json.dumps(snapshot(logs.aggregate, own[-1], len(own))).encode()
        records.append(Record(0, entity_id.encode(), value))
    clock = logs.records["replies"][1].timestamp * 1000
    needed = {"events": floor, "replies": logs.records["replies"][2].offset, "clock": clock}
    for one in checkpoints[commands:]:
        records.append(replace(one, value=json.dumps(json.loads(one.value or b"") | {"needed": needed}).encode()))
    logs.records["snapshots"] = [replace(one, offset=2 * number) for number, one in enumerate(records)]
    return logs


def swept_ship() -> PartitionLogs:
    """A ship's partition."""
    return swept(ship_story(), 5)


def swept_user() -> PartitionLogs:
    """A user's, who was deleted by then."""
    return swept(user_story(), 3)


def _at(logs: PartitionLogs) -> int:
    return next(at for at, one in enumerate(logs.records["snapshots"]) if one.key == SHIP.encode())


def _shifted(snapshot: Json) -> None:
    snapshot["state"][1]["cargo"]["electronics"] -= 1


def _at_sea(snapshot: Json) -> None:
    snapshot["state"][0] = "AtSea"


def _checkpoint(value: object, *path: str, at: Place = -1) -> Damage:
    return put("snapshots", at, value, *path)


SNAPSHOT_DAMAGES: Mapping[str, tuple[Damage, str]] = {
    "a state is wrong": (edit("snapshots", _at, _shifted), "cargo.electronics is 499, must be 500"),
    "a state has another name": (edit("snapshots", _at, _at_sea), "state[0] is 'AtSea', must be 'Docked'"),
    "a snapshot of a later state": (put("snapshots", _at, 2, "version"), "snapshot of"),
    "a snapshot of a version that never was": (put("snapshots", _at, 9, "version"), "version 9 of an entity"),
    "a snapshot with a wrong time": (put("snapshots", _at, 1, "time"), "time is 1, must be"),
    "a snapshot without a fold": (edit("snapshots", _at, lambda one: one.pop("fold") and None), "has ['parked'"),
    "a snapshot whose fold is no text": (put("snapshots", _at, 1, "fold"), "fold is 1, must be 'some text'"),
    "a snapshot with more": (put("snapshots", _at, 1, "more"), "has ['fold'"),
    "a snapshot without a word on parking": (edit("snapshots", _at, lambda one: one.pop("parked") or None), "has ["),
    "a snapshot that says it is parked": (put("snapshots", _at, {"from": 2}, "parked"), "no command leads to"),
    "a snapshot under another key": (record("snapshots", _at, key=b"other"), "version 3 of an entity that came to 0"),
    "a floor without a snapshot": (drop("snapshots", _at), "came to 3, and its last snapshot tells 0"),
    "a floor above what a snapshot tells": (_checkpoint(100, "needed", "events"), "its last snapshot tells 3"),
    "a floor in the transaction before the snapshot": (
        lambda logs: _checkpoint(6, "needed", "events", at=_at(logs) - 1)(logs),
        "its last snapshot tells 0",
    ),
    "a floor by snapshots of another fold": (_checkpoint("other", "fold"), "its last snapshot tells 0"),
    "a later record hides the state": (
        both(
            double("snapshots", _at),
            edit("snapshots", -1, lambda _: {"parked": None, "version": 3}),
            double("snapshots", -2),
        ),
        "its last snapshot tells 0",
    ),
    "replies that count are not needed": (_checkpoint(8, "needed", "replies"), "some before that still count"),
    "the clock at the floor is wrong": (_checkpoint(1, "needed", "clock"), "is 1, must be"),
    "a checkpoint needs nothing said": (edit("snapshots", -1, lambda one: one.pop("needed") and None), "wrong needed"),
    "a checkpoint without a fold": (edit("snapshots", -1, lambda one: one.pop("fold") and None), "wrong fold"),
    "a checkpoint of other partitions": (_checkpoint(7, "partitions"), "is of 7 partitions, but there are"),
    "a checkpoint of no partitions": (_checkpoint(0, "partitions"), "wrong partitions"),
    "a checkpoint moved nowhere": (_checkpoint(0, "moved_to"), "wrong moved_to"),
    "a checkpoint with more": (_checkpoint(1, "more"), "wrong more"),
    "a checkpoint reached a float": (_checkpoint(1.0, "reached", "events"), "wrong reached.events"),
    "a checkpoint reached what is not there": (_checkpoint(99, "reached", "replies"), "beyond the end of the replies"),
    "what a checkpoint reached falls": (_checkpoint(0, "reached", "events"), "what events reached has to rise"),
    "a checkpoint names another last command": (_checkpoint(3, "last_command", "offset"), "names another last command"),
    "a checkpoint names another last time": (_checkpoint(3, "last_command", "timestamp"), "names another last command"),
    "a checkpoint stands still": (
        lambda logs: _checkpoint(json.loads(logs.records["snapshots"][-2].value or b"")["next_offset"], "next_offset")(
            logs
        ),
        "it has to rise",
    ),
}
