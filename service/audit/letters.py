"""Dead letters: a command byte for byte, and behind its own headers those that say why it was put aside."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from itertools import dropwhile, takewhile
from typing import Any

from service.audit.alignment import Message, align
from service.audit.differences import same
from service.audit.matching import Open
from service.audit.messages import Verdict
from service.audit.records import Headers, PartitionLogs, Record
from service.audit.report import Report

_REDRIVES = "fairlead-redrives"
_NUMBER = re.compile(rb"[0-9]{1,18}")


def compare_letters(
    report: Report,
    logs: PartitionLogs,
    expected: list[tuple[Message, bool]],
    letters: list[Record],
    received: Mapping[int, int],
) -> None:
    """Compare those expected, each owed or not, with those there, whose commands came with so many headers.

    Only where retention shortened the log may the oldest be missing.
    """
    found = [_found(letter, received) for letter in letters]
    wanted = _written(expected, found)
    most = Counter(letter.identity for letter in wanted)
    wanted, found = _numbered(wanted, most), _numbered(found, most)
    if logs.starts.get("dead-letters"):
        there = {message.identity for message in found}
        wanted = list(dropwhile(lambda message: message.identity not in there, wanted))
    align(report, logs, "dead-letters", wanted, found)


def offset_of(record: Record) -> str | None:
    """The offset of the command that a dead letter names."""
    return _text(_last(record.headers, "fairlead-offset"))


def why(logs: PartitionLogs, verdict: Verdict) -> dict[str, Any]:
    """The headers that have to be added to those received."""
    record = verdict.record
    added: dict[str, Any] = {
        "fairlead-code": verdict.code,
        "fairlead-reason": verdict.reason,
        "fairlead-topic": logs.topic("commands"),
        "fairlead-partition": str(logs.partition),
        "fairlead-offset": str(record.offset),
        "fairlead-timestamp": str(record.timestamp),
    }
    if verdict.code == "internal_error":
        added["fairlead-traceback"] = Open(example="Traceback")
    if verdict.redrives:
        # A command that was sent again as a dead letter came with a number of its own.
        before = _NUMBER.fullmatch(_last(record.headers, _REDRIVES) or b"")
        added[_REDRIVES] = str(verdict.redrives + (int(before[0]) if before else 0))
    return added


def _written(expected: list[tuple[Message, bool]], found: list[Message]) -> list[Message]:
    """Those owed, which come first, and of the others as many as those there end like."""
    owed, wanted = sum(owed for _, owed in expected), [letter for letter, _ in expected]
    # Which of several of one command is the last one only those before it can tell: retention may have taken the first.
    return wanted[: max(range(owed, len(wanted) + 1), key=lambda end: _alike(wanted[:end], found))]


def _alike(wanted: list[Message], found: list[Message]) -> int:
    """In how many both end alike."""
    pairs = zip(reversed(wanted), reversed(found), strict=False)
    equal = (one.identity == other.identity and same(one.content, other.content) for one, other in pairs)
    return sum(takewhile(bool, equal))


def _numbered(letters: list[Message], most: Counter[Hashable]) -> list[Message]:
    """Those of one command told apart, as far as there may be several, from the last on: the first may be gone."""
    seen: Counter[Hashable] = Counter()
    numbered = []
    for letter in reversed(letters):
        seen[letter.identity] = min(seen[letter.identity] + 1, most[letter.identity])
        numbered.append(replace(letter, identity=(letter.identity, seen[letter.identity])))
    return numbered[::-1]


def expected_letters(logs: PartitionLogs, of: Verdict) -> Iterator[Message]:
    """The dead letters that follow from a command, its own first."""
    for verdict in (of, *of.behind):
        if verdict.reason is not None:
            record, added = verdict.record, why(logs, verdict)
            wanted = {"key": record.key, "value": record.value, "headers": list(record.headers), "added headers": added}
            identity = (str(record.offset), added.get(_REDRIVES))
            yield Message(identity, f"dead letter ({verdict.code})", wanted, record.offset)


def _found(record: Record, received: Mapping[int, int]) -> Message:
    offset = offset_of(record)
    kept = received.get(int(offset), 0) if offset and offset.isdecimal() else 0
    added: dict[str, Any] = {}
    seen: Counter[str] = Counter()
    for name, value in record.headers[kept:]:
        seen[name] += 1
        added[name if seen[name] == 1 else f"{name} ({seen[name]})"] = _text(value)
    headers = list(record.headers[:kept])
    content = {"key": record.key, "value": record.value, "headers": headers, "added headers": added}
    redrives = added.get(_REDRIVES)
    again = f", redriven {redrives} times" if redrives else ""
    return Message((offset, redrives), f"the dead letter of offset {offset}{again}", content, record.offset)


def _last(headers: Headers, name: str) -> bytes | None:
    return next((value for other, value in reversed(headers) if other == name), None)


def _text(value: bytes | None) -> str | None:
    return value.decode("utf-8", "replace") if value is not None else None
