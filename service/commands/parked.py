"""Commands that wait behind one that failed, as they were received: taken from their dead letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

from service.commands.ports import Headers, Record

# The codes of commands that were read as such, whose entity may be parked.
PARKING = frozenset({"internal_error", "not_writable", "parked"})
_CODES = frozenset(code.encode() for code in PARKING)
_MAX_DIGITS = 18
# What one redrive takes is judged in one step and written in one transaction, for which there are seconds.
MAX_WAITING, MAX_WAITING_BYTES = 10_000, 16 << 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """A command's record as it once stood on its topic, but for `timestamp`, and how often it has been redriven.

    `timestamp` is that of the control command, at whose time it is decided, `received` its own.
    """

    key: bytes | None
    value: bytes | None
    headers: Headers
    offset: int
    timestamp: int
    received: int
    redrives: int


@dataclass(frozen=True, slots=True)
class Redrive:
    """By the control command at which offset a command is judged again, and how often it has been, this included.

    `count` is 0 where it goes on waiting; `received` as of Waiting.
    """

    by: int
    count: int
    received: int


class Letters:
    """What waits of an entity from the command at the offset `since` on, to be decided at `now`.

    Its dead letters are added in their order: of two of one command the later one counts. `complete` says that the one
    at `since` is among them, `too_many` that they are more than one redrive takes: then none is held any more.
    """

    def __init__(self, since: int, now: int) -> None:
        self.complete = False
        self.too_many = False
        self._since = since
        self._now = now
        self._latest: dict[int, Waiting] = {}
        self._bytes = 0

    @property
    def told(self) -> bool:
        """Whether nothing that may still be added matters."""
        return self.complete and self.too_many

    def add(self, letter: Record) -> None:
        """The next dead letter of the entity, whether it counts or not."""
        # By name the last one: a command may have come with such headers of its own.
        why = {name: text or b"" for name, text in letter.headers}
        if why.get("fairlead-code") not in _CODES or (offset := int(why["fairlead-offset"])) < self._since:
            return
        self.complete = self.complete or offset == self._since
        if self.too_many:
            return
        waiting = _received(letter, why, self._now)
        if offset not in self._latest:
            self._bytes += _size(waiting)
        self._latest[offset] = waiting
        if len(self._latest) > MAX_WAITING or self._bytes > MAX_WAITING_BYTES:
            self.too_many = True
            self._latest.clear()

    def in_order(self) -> list[Waiting]:
        """Those that count, in the order of the commands topic."""
        return sorted(self._latest.values(), key=attrgetter("offset"))


def too_many_waiting(since: int) -> str:
    """What is said where more waits than one redrive takes."""
    return (
        f"More than 10,000 commands, or 16 MiB, wait from offset {since} on: "
        "discard them, then send their dead letters again"
    )


def _received(letter: Record, why: Mapping[str, bytes], now: int) -> Waiting:
    names = [name for name, _ in letter.headers]
    ours = len(names) - names[::-1].index("fairlead-code") - 1
    return Waiting(
        letter.key,
        letter.value,
        letter.headers[:ours],
        int(why["fairlead-offset"]),
        now,
        int(why["fairlead-timestamp"]),
        _count(why.get("fairlead-redrives", b"")),
    )


def _size(letter: Waiting) -> int:
    """What a command has of its own, which is the same in each of its letters."""
    return len(letter.value or b"") + sum(len(name.encode()) + len(text or b"") for name, text in letter.headers)


def _count(text: bytes) -> int:
    # A command may come with such a header of its own, whatever is in it.
    return int(text) if text.isdigit() and len(text) <= _MAX_DIGITS else 0
