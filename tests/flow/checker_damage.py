"""Every kind of damage that a log can take, and what the checker has to say of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.checker.records import PartitionLogs, Record
from tests.flow.checker_story import SHIP

Damage = Callable[[PartitionLogs], None]


def _edit(kind: str, place: int, change: Callable[[Any], Any]) -> Damage:
    def damage(logs: PartitionLogs) -> None:
        record = logs.records[kind][place]
        value = json.loads(record.value or b"")
        changed = change(value)
        logs.records[kind][place] = replace(record, value=json.dumps(value if changed is None else changed).encode())

    return damage


def put(kind: str, place: int, value: Any, *path: str) -> Damage:
    """Another value at this path of a message."""

    def change(message: Any) -> None:
        for name in path[:-1]:
            message = message[name]
        message[path[-1]] = value

    return _edit(kind, place, change)


def _drop(kind: str, place: int) -> Damage:
    def damage(logs: PartitionLogs) -> None:
        del logs.records[kind][place]

    return damage


def _double(kind: str, place: int) -> Damage:
    return lambda logs: logs.records[kind].append(replace(logs.records[kind][place], offset=1_000))


def _swap(kind: str, place: int) -> Damage:
    def damage(logs: PartitionLogs) -> None:
        one, two = logs.records[kind][place : place + 2]
        logs.records[kind][place : place + 2] = [replace(two, offset=one.offset), replace(one, offset=two.offset)]

    return damage


def _record(kind: str, place: int, **changes: Any) -> Damage:
    def damage(logs: PartitionLogs) -> None:
        logs.records[kind][place] = replace(logs.records[kind][place], **changes)

    return damage


def _half_transaction(logs: PartitionLogs) -> None:
    # The last command's event is lost, while its reply and the checkpoint are there.
    logs.records["events"].pop()


def _unhandled(logs: PartitionLogs) -> None:
    logs.records["commands"].append(Record(11, b"any", b"no JSON"))


def _foreign(logs: PartitionLogs) -> None:
    event = logs.records["events"][0]
    value = json.loads(event.value or b"") | {"entityversion": 5, "causationid": "nobody"}
    logs.records["events"].append(Record(1_000, event.key, json.dumps(value).encode(), 0, event.headers))


def _true(reply: Any) -> None:
    reply["data"]["entity_version"] = True


DAMAGES: Mapping[str, tuple[Damage, str]] = {
    "an event is missing": (_drop("events", 1), "no event in ship.events[0]: ShipDocked 2"),
    "the last event is missing": (_half_transaction, "no event in ship.events[0]: ShipDeparted 4"),
    "an event is doubled": (_double("events", 1), "is doubled"),
    "events are reordered": (_swap("events", 1), "stands before the event"),
    "an event leaves a gap": (_drop("events", 1), "has version 3 after 1"),
    "an event has no cause": (_foreign, "without a cause"),
    "an event has wrong data": (put("events", 2, 499, "data", "quantity"), "value.data.quantity is 499, must be 500"),
    "an event has more data": (put("events", 2, 1, "data", "more"), "value.data.more is 1, must be nothing"),
    "an event has a float": (put("events", 2, 500.0, "data", "quantity"), "is 500.0, must be 500"),
    "an event has a wrong type": (put("events", 2, "CargoUnloaded", "type"), "value.type"),
    "an event has a wrong id": (put("events", 0, SHIP, "id"), "value.id"),
    "an event has a wrong time": (put("events", 0, "2026-01-01T00:00:00.000Z", "time"), "value.time"),
    "an event has a wrong cause": (put("events", 0, SHIP, "causationid"), "value.causationid"),
    "an event has a wrong digest": (put("events", 0, "0" * 32, "commanddigest"), "value.commanddigest"),
    "an event loses the correlation": (_edit("events", 0, lambda e: e.pop("correlationid") and None), "correlationid"),
    "an event loses the trace": (_record("events", 1, headers=()), "headers"),
    "an event has a wrong key": (_record("events", 1, key=b"x"), "key is b'x'"),
    "an event is no JSON": (_record("events", 1, value=b"{"), "is no JSON object"),
    "a reply is missing": (_drop("replies", 2), "no reply in ship.replies[0]"),
    "a reply is doubled": (_double("replies", 2), "is doubled"),
    "replies are reordered": (_swap("replies", 2), "stands before the reply"),
    "a reply has a wrong status": (put("replies", 2, "rejected", "data", "status"), "value.data.status is 'rejected'"),
    "a reply has a wrong code": (put("replies", 5, "no_such_item", "data", "code"), "must be 'not_enough_cargo'"),
    "a reply has a wrong message": (put("replies", 5, "No", "data", "message"), "Not enough electronics on the ship"),
    "a reply has a wrong version": (put("replies", 5, 4, "data", "entity_version"), "entity_version is 4, must be 3"),
    "a version is a boolean": (_edit("replies", 0, _true), "entity_version is True, must be 1"),
    "a repeat is no repeat": (put("replies", 3, None, "data", "duplicate"), "value.data.duplicate is None"),
    "a repeat tells no events": (put("replies", 3, [], "data", "events"), "value.data.events is []"),
    "a fault's path is not named": (put("replies", 7, "data.item: x", "data", "message"), "value.data.message"),
    "a reply has a wrong id": (put("replies", 0, SHIP, "id"), "no reply in ship.replies[0]"),
    "a dead letter is missing": (_drop("dead-letters", 2), "no dead letter in ship.dead-letters[0]"),
    "a dead letter is doubled": (_double("dead-letters", 0), "is doubled"),
    "a dead letter is altered": (_record("dead-letters", 2, value=b"no json"), "value is b'no json'"),
    "a dead letter has another key": (_record("dead-letters", 2, key=None), "key is None, must be b'any'"),
    "a dead letter loses headers": (
        lambda logs: _record("dead-letters", 2, headers=logs.records["dead-letters"][2].headers[1:])(logs),
        "headers",
    ),
    "a checkpoint is missing": (lambda logs: logs.records["snapshots"].clear(), "no checkpoint"),
    "a checkpoint is short": (_drop("snapshots", -1), "checkpoint 10 does not cover the commands"),
    "a checkpoint is beyond": (put("snapshots", -1, 12, "next_offset"), "checkpoint 12 lies beyond the end"),
    "a checkpoint falls": (put("snapshots", 3, 99, "next_offset"), "it has to rise"),
    "a command was not handled": (_unhandled, "does not cover"),
    "a snapshot is a tombstone": (_record("snapshots", 0, value=None), "tombstone"),
    "the commands were shortened": (_drop("commands", 0), "begins at 1"),
}
