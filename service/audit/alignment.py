"""Sets what has to be on a log against what is there: each exactly once, in order, nothing left over."""

from __future__ import annotations

from collections.abc import Callable, Hashable
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


class Pairing:
    """Pairs both sides as they come, so that of two long logs only what has no partner yet is held."""

    def __init__(self, report: Report, logs: PartitionLogs, kind: str) -> None:
        self._report = report
        self._logs = logs
        self._kind = kind
        self._name = _NAMES[kind]
        self._expected: dict[Hashable, tuple[int, bool, Message]] = {}
        self._found: dict[Hashable, Message] = {}
        self._paired: dict[int, int] = {}
        self._excused: set[Hashable] = set()
        self._count = 0
        self._last = (-1, -1)

    @property
    def missing(self) -> int:
        """How many are expected and not found yet."""
        return len(self._expected)

    @property
    def ahead(self) -> int:
        """How many are found and not expected yet."""
        return len(self._found)

    def expect(self, wanted: Message, *, owed: bool = True) -> None:
        """It comes behind all that were expected before; unless it is owed it may be missing."""
        self._count += 1
        there = self._found.pop(wanted.identity, None)
        if there is None:
            self._expected[wanted.identity] = self._count, owed, wanted
        else:
            self._pair(self._count, wanted, there)

    def excuse(self, identity: Hashable) -> None:
        """Whether it is there or not, and what it says, cannot be judged."""
        if self._found.pop(identity, None) is None:
            self._excused.add(identity)

    def find(self, there: Message) -> None:
        """It stands on the log behind all that were found before."""
        if there.identity in self._excused:
            self._excused.discard(there.identity)
        elif expected := self._expected.pop(there.identity, None):
            self._pair(expected[0], expected[2], there)
        elif (first := self._paired.get(hash(there.identity))) is not None:
            self._doubled(there, first)
        elif (first_found := self._found.setdefault(there.identity, there)) is not there:
            self._doubled(there, first_found.offset)

    def finish(self, excused: Callable[[Message], bool] = lambda _: False) -> None:
        """Both sides are complete; what is left over is excused by what it is."""
        for _, owed, wanted in self._expected.values():
            if owed and not excused(wanted):
                cause = self._logs.place("commands", wanted.offset)
                missing = f"no {self._name} in {self._logs.place(self._kind)}: {wanted.label} is missing"
                self._report.wrong(cause, missing)
        for there in self._found.values():
            if not excused(there):
                place = self._logs.place(self._kind, there.offset)
                self._report.wrong(place, f"{self._name} without a cause: no command leads to {there.label}")

    def _pair(self, number: int, wanted: Message, there: Message) -> None:
        place, cause = self._logs.place(self._kind, there.offset), self._logs.place("commands", wanted.offset)
        for line in () if same(wanted.content, there.content) else differences(wanted.content, there.content):
            self._report.wrong(place, f"{wanted.label}, of {cause}: {line}")
        last_number, last_offset = self._last
        if (number > last_number) != (there.offset > last_offset):
            self._report.wrong(place, f"{wanted.label} stands before the {self._name} of an earlier command")
        self._last = max(self._last, (number, there.offset))
        self._paired[hash(wanted.identity)] = there.offset

    def _doubled(self, there: Message, first: int) -> None:
        self._report.wrong(self._logs.place(self._kind, there.offset), f"{there.label} is doubled, first at {first}")


def align(report: Report, logs: PartitionLogs, kind: str, expected: list[Message], found: list[Message]) -> None:
    """Report what is missing, doubled, out of order, different or without a cause."""
    pairing = Pairing(report, logs, kind)
    for there in found:
        pairing.find(there)
    for wanted in expected:
        pairing.expect(wanted)
    pairing.finish()
