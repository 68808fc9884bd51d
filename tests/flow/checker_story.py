"""A few commands in which most answers occur, for the tests of the checker."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from service.audit.records import Headers, Json, Keys, PartitionLogs, Record
from tests.checker.handmade import KEY, written

SHIP = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"
USER = "1c3d5e7f-0000-4000-8000-000000000001"
TIME = 1_764_008_400_123
KEYS: Keys = {USER: KEY}


def command_id(number: int) -> str:
    """The id of the command of this number."""
    return f"00000000-0000-4000-8000-{number:012d}"


def command(number: int, type_: str, data: Json | None = None, subject: str = SHIP, **attributes: Any) -> Json:
    """A command of this number."""
    named = {"specversion": "1.0", "id": command_id(number), "source": "/test", "type": type_, "subject": subject}
    return {**named, "data": data or {}, **attributes}


def record(offset: int, value: Json, *, at: int = TIME, headers: Headers = ()) -> Record:
    """The record of a command, at a broker time in milliseconds."""
    return Record(offset, str(value["subject"]).encode(), json.dumps(value).encode(), at + offset, headers)


def partition(aggregate: str, values: Sequence[Json], *, at: int = TIME) -> PartitionLogs:
    """A partition in which nothing but these commands has been written."""
    logs = PartitionLogs(aggregate, 0, 1)
    logs.records["commands"] = [record(offset, value, at=at) for offset, value in enumerate(values)]
    return logs


def ship_story() -> PartitionLogs:
    """A ship's partition after a voyage, as an honest service leaves it."""
    trace = (("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),)
    logs = partition(
        "ship",
        [
            command(1, "register_ship", {"name": "Pacific Explorer"}, correlationid="voyage 1"),
            command(2, "dock_ship", {"port": "Singapore"}),
            command(3, "load_cargo", {"item": "electronics", "quantity": 500}, expectedversion=2),
            command(3, "load_cargo", {"item": "electronics", "quantity": 500}, expectedversion=2),
            command(3, "load_cargo", {"item": "electronics", "quantity": 501}, expectedversion=2),
            command(4, "unload_cargo", {"item": "electronics", "quantity": 501}),
            command(5, "depart_ship", expectedversion=7),
            command(6, "load_cargo", {"item": "", "quantity": 0}),
            command(7, "sink_ship"),
            command(8, "depart_ship"),
        ],
    )
    logs.records["commands"][1] = record(1, command(2, "dock_ship", {"port": "Singapore"}), headers=trace)
    logs.records["commands"].append(Record(10, b"any", b"no JSON", TIME, (("note", None), ("note", b"\xff"))))
    return written(logs)


def user_story() -> PartitionLogs:
    """A user's partition, as an honest service leaves it."""
    values = [
        command(1, "create_user", {"username": "Zo\u00eb", "balance": 100}, USER),
        command(2, "change_balance", {"balance_change": 250}, USER),
        command(3, "change_balance", {"balance_change": -1000}, USER),
        command(4, "delete_user", {}, USER),
        command(5, "create_user", {"username": "Zo\u00eb", "balance": 1}, USER),
    ]
    return written(partition("user", values), KEYS)
