"""A partition on which code fails and a broker refuses, commands wait, are redriven and discarded."""

from __future__ import annotations

import json

from service.audit.hashing import uuid8
from service.audit.letters import offset_of
from service.audit.records import PartitionLogs
from service.audit.told import Answer, Told
from tests.checker.handmade import written
from tests.flow.checker_edits import Place
from tests.flow.checker_story import SHIP, command, partition, record

OTHER = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e11"
THIRD = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e12"
TRACE = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
CODE_FAILED = Answer("failed", "internal_error", "ZeroDivisionError")
NOT_WRITABLE = Answer("failed", "not_writable", "The broker does not take what this command leads to: too large")
BUSY = Answer("busy", "busy")


def reply_id(offset: int, by: int | None = None) -> str:
    """The id of a reply on the ships' first partition."""
    return uuid8("ship", "reply", 0, offset, *(() if by is None else (by,)))


def commands() -> PartitionLogs:
    """What was asked."""
    logs = partition(
        "ship",
        [
            command(0, "register_ship", {"name": "Pacific Explorer"}),
            command(1, "dock_ship", {"port": "Singapore"}),
            command(2, "load_cargo", {"item": "tea", "quantity": 500}, expectedversion=2, correlationid="voyage 1"),
            command(1, "dock_ship", {"port": "Singapore"}),
            command(4, "depart_ship"),
            command(5, "register_ship", {"name": "Other"}, OTHER),
            command(6, "depart_ship", {}, OTHER),
            command(7, "load_cargo", {"item": "tea", "quantity": 1}),
            command(8, "redrive_parked"),
            command(9, "dock_ship", {"port": "Rio"}),
            command(10, "redrive_parked", {"skip": [7, 999]}, expectedversion=2),
            command(11, "redrive_parked"),
            command(12, "load_cargo", {"item": "tea", "quantity": 2}),
            command(13, "depart_ship"),
            command(14, "discard_parked"),
            command(15, "depart_ship"),
            command(16, "dock_ship", {"port": "Oslo"}, OTHER),
            command(17, "dock_ship", {"port": "Bergen"}, OTHER),
            command(18, "register_ship", {"name": "Third"}, THIRD),
            command(19, "dock_ship", {"port": "Rio"}, THIRD),
        ],
    )
    logs.records["commands"][2] = record(
        2,
        command(2, "load_cargo", {"item": "tea", "quantity": 500}, expectedversion=2, correlationid="voyage 1"),
        headers=(TRACE, ("note", b"mine")),
    )
    return logs


TOLD = Told(
    {
        reply_id(2): CODE_FAILED,
        reply_id(6): BUSY,
        reply_id(2, 8): NOT_WRITABLE,
        reply_id(12): CODE_FAILED,
        reply_id(16): CODE_FAILED,
        reply_id(18): NOT_WRITABLE,
    },
    parked=frozenset({(SHIP, 2), (SHIP, 12), (THIRD, 18)}),
)


def parked_story() -> PartitionLogs:
    """As an honest service leaves it."""
    return written(commands(), told=TOLD)


def reply_at(offset: int, by: int | None = None) -> Place:
    """Where the reply to a command stands, or that which it got by a control command."""

    def place(logs: PartitionLogs) -> int:
        ids = [json.loads(one.value or b"")["id"] for one in logs.records["replies"]]
        return ids.index(reply_id(offset, by))

    return place


def letter_at(offset: int, number: int = 0) -> Place:
    """Where one of the dead letters of a command stands."""

    def place(logs: PartitionLogs) -> int:
        return [at for at, one in enumerate(logs.records["dead-letters"]) if offset_of(one) == str(offset)][number]

    return place


def parked_at(number: int) -> Place:
    """Where a record stands that speaks of the ship's parking."""

    def place(logs: PartitionLogs) -> int:
        return [at for at, one in enumerate(logs.records["snapshots"]) if one.key == SHIP.encode()][number]

    return place
