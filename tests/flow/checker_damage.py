"""Every kind of damage that a log can take, and what the checker has to say of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from service.audit.records import PartitionLogs, Record
from tests.flow.checker_edits import Damage, double, drop, edit, put, record, swap
from tests.flow.checker_story import SHIP


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
    "an event is missing": (drop("events", 1), "no event in ship.events[0]: ShipDocked 2"),
    "the last event is missing": (_half_transaction, "no event in ship.events[0]: ShipDeparted 4"),
    "an event is doubled": (double("events", 1), "is doubled"),
    "events are reordered": (swap("events", 1), "stands before the event"),
    "an event leaves a gap": (drop("events", 1), "has version 3 after 1"),
    "an event has no cause": (_foreign, "without a cause"),
    "an event has wrong data": (put("events", 2, 499, "data", "quantity"), "value.data.quantity is 499, must be 500"),
    "an event has more data": (put("events", 2, 1, "data", "more"), "value.data.more is 1, must be nothing"),
    "an event has a float": (put("events", 2, 500.0, "data", "quantity"), "is 500.0, must be 500"),
    "an event has a wrong type": (put("events", 2, "CargoUnloaded", "type"), "value.type"),
    "an event has a wrong id": (put("events", 0, SHIP, "id"), "value.id"),
    "an event has a wrong time": (put("events", 0, "2026-01-01T00:00:00.000Z", "time"), "value.time"),
    "an event has a wrong cause": (put("events", 0, SHIP, "causationid"), "value.causationid"),
    "an event has a wrong digest": (put("events", 0, "0" * 32, "commanddigest"), "value.commanddigest"),
    "an event loses the correlation": (edit("events", 0, lambda e: e.pop("correlationid") and None), "correlationid"),
    "an event loses the trace": (record("events", 1, headers=()), "headers"),
    "an event has a wrong key": (record("events", 1, key=b"x"), "key is b'x'"),
    "an event is no JSON": (record("events", 1, value=b"{"), "is no JSON object"),
    "a reply is missing": (drop("replies", 2), "no reply in ship.replies[0]"),
    "a reply is doubled": (double("replies", 2), "is doubled"),
    "replies are reordered": (swap("replies", 2), "stands before the reply"),
    "a reply has a wrong status": (put("replies", 2, "rejected", "data", "status"), "value.data.status is 'rejected'"),
    "a reply has a wrong code": (put("replies", 5, "no_such_item", "data", "code"), "must be 'not_enough_cargo'"),
    "a reply has a wrong message": (put("replies", 5, "No", "data", "message"), "Not enough electronics on the ship"),
    "a reply has a wrong version": (put("replies", 5, 4, "data", "entity_version"), "entity_version is 4, must be 3"),
    "a version is a boolean": (edit("replies", 0, _true), "entity_version is True, must be 1"),
    "a repeat is no repeat": (put("replies", 3, None, "data", "duplicate"), "value.data.duplicate is None"),
    "a repeat tells no events": (put("replies", 3, [], "data", "events"), "value.data.events is []"),
    "a fault's path is not named": (put("replies", 7, "data.item: x", "data", "message"), "value.data.message"),
    "a reply has a wrong id": (put("replies", 0, SHIP, "id"), "no reply in ship.replies[0]"),
    "a dead letter is missing": (drop("dead-letters", 2), "no dead letter in ship.dead-letters[0]"),
    "a dead letter is doubled": (double("dead-letters", 0), "is doubled"),
    "a dead letter is altered": (record("dead-letters", 2, value=b"no json"), "value is b'no json'"),
    "a dead letter has another key": (record("dead-letters", 2, key=None), "key is None, must be b'any'"),
    "a dead letter loses headers": (
        lambda logs: record("dead-letters", 2, headers=logs.records["dead-letters"][2].headers[1:])(logs),
        "headers",
    ),
    "a checkpoint is missing": (lambda logs: logs.records["snapshots"].clear(), "no checkpoint"),
    "a checkpoint is short": (drop("snapshots", -1), "checkpoint 10 does not cover the commands"),
    "a checkpoint is beyond": (put("snapshots", -1, 12, "next_offset"), "checkpoint 12 lies beyond the end"),
    "a checkpoint falls": (put("snapshots", 3, 99, "next_offset"), "it has to rise"),
    "a command was not handled": (_unhandled, "does not cover"),
    "a snapshot is a tombstone": (record("snapshots", 0, value=None), "tombstone"),
    "the commands were shortened": (drop("commands", 0), "begins at 1"),
}
