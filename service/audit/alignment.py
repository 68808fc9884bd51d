"""Sets what has to be on a log against what is there: each exactly once, in order, nothing left over."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from service.audit.differences import differences, same
from service.audit.records import PartitionLogs
from service.audit.report import Report

_NAMES = {"events": "event", "replies": "reply", "dead-letters": "dead letter", "snapshots": "record"}


@dataclass(frozen=True, slots=True)
class Message:
    """One message, expected or found: `identity` pairs the two, `content` is compared, `offset` names the place.

    The offset of an expected message is that of its command.
    """

    identity: Hashable
    label: str
    content: dict[str, Any]
    offset: int


def align(report: Report, logs: PartitionLogs, kind: str, expected: list[Message], found: list[Message]) -> None:
    """Report what is missing, doubled, out of order, different or without a cause."""
    name = _NAMES[kind]
    by_identity: dict[Hashable, list[Message]] = {}
    for message in found:
        by_identity.setdefault(message.identity, []).append(message)
    last = -1
    for wanted in expected:
        cause = logs.place("commands", wanted.offset)
        there = by_identity.pop(wanted.identity, [])
        if not there:
            report.wrong(cause, f"no {name} in {logs.place(kind)}: {wanted.label} is missing")
            continue
        first, *others = there
        place = logs.place(kind, first.offset)
        for line in () if same(wanted.content, first.content) else differences(wanted.content, first.content):
            report.wrong(place, f"{wanted.label}, of {cause}: {line}")
        if first.offset < last:
            report.wrong(place, f"{wanted.label} stands before the {name} of an earlier command")
        last = max(last, first.offset)
        for other in others:
            report.wrong(logs.place(kind, other.offset), f"{wanted.label} is doubled, first at {first.offset}")
    for messages in by_identity.values():
        for message in messages:
            report.wrong(
                logs.place(kind, message.offset), f"{name} without a cause: no command leads to {message.label}"
            )
