"""An entity whose command failed: what waits behind that command, and what is said of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from service.audit.matching import Open

if TYPE_CHECKING:
    from service.audit.entity import Case

# What one redrive takes: so many commands, with so many bytes.
MAX_WAITING, MAX_WAITING_BYTES = 10_000, 16 * 1024 * 1024
CONTROL = ("redrive_parked", "discard_parked")
BUSY = "Too many commands are waiting: send it again later, with the same id"
BEHIND = "An earlier command of this entity failed: this one waits in the dead letters behind it"
_NOT_WRITABLE = "The broker does not take what this command leads to: "
# The message of each code: the type of an error, or what the broker said.
FAILURES: Mapping[str, str] = {
    "internal_error": r"[^\W\d]\w*(?:\.\w+)*",
    "not_writable": rf"{_NOT_WRITABLE}.+",
}
TOO_MANY = (
    "More than 10,000 commands, or 16 MiB, wait from offset {} on: discard them, then send their dead letters again"
)
_FAILED_AGAIN = re.compile(r"The command at offset ([0-9]{1,18}) failed again: ")


@dataclass(slots=True)
class Parked:
    """What waits, by offset, from the command on that failed; `redrives` counts how often each failed again.

    Where it is not told which of several failures it was, `since` is the first, and all are `perhaps`.
    """

    since: int
    waiting: dict[int, Case]
    perhaps: AbstractSet[int] = frozenset()
    redrives: Counter[int] = field(default_factory=Counter)

    @property
    def too_many(self) -> bool:
        """Whether more waits than one redrive takes."""
        return len(self.waiting) > MAX_WAITING or sum(map(_bytes, self.waiting.values())) > MAX_WAITING_BYTES

    def fail_again(self, offset: int) -> int:
        """Wait from this command on; returns how often it was redriven."""
        self.since = offset
        self.waiting = {at: case for at, case in self.waiting.items() if at >= offset}
        self.redrives[offset] += 1
        return self.redrives[offset]

    def behind(self) -> list[Case]:
        """All that wait but for the first, in order."""
        return [self.waiting[at] for at in sorted(self.waiting) if at > self.since]


def _bytes(case: Case) -> int:
    """Of a command's value and headers, as they came."""
    record = case.record
    return len(record.value or b"") + sum(len(name.encode()) + len(value or b"") for name, value in record.headers)


def offset_in(message: object) -> int | None:
    """The offset of the command that failed again, if a control command is told so."""
    told = _FAILED_AGAIN.match(message) if isinstance(message, str) else None
    return int(told[1]) if told else None


def failed_again(offset: int, message: str) -> Open:
    """What the control command is told; the error of `not_writable` may be named with its sentence or without."""
    said = f"The command at offset {offset} failed again: "
    errors = dict.fromkeys((message, message.removeprefix(_NOT_WRITABLE)))
    return Open(re.escape(said) + f"(?:{'|'.join(map(re.escape, errors))})", said + message)
