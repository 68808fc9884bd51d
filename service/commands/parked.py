"""Commands that wait behind one that failed, as they were received: taken from their dead letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from service.commands.ports import Headers, Record

# The codes of commands that were read as such, whose entity may be parked.
PARKING = frozenset({"internal_error", "not_writable", "parked"})
_CODES = frozenset(code.encode() for code in PARKING)
_MAX_DIGITS = 18


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


def waiting_from(letters: Iterable[Record], offset: int, now: int) -> list[Waiting]:
    """What waits from the command at this offset on, in the order of the commands topic, to be decided at `now`.

    `letters` are all those of an entity, in order: of two of one command the later one counts.
    """
    latest: dict[int, Waiting] = {}
    for letter in letters:
        # By name the last one: a command may have come with such headers of its own.
        why = {name: text or b"" for name, text in letter.headers}
        if why.get("fairlead-code") in _CODES and int(why["fairlead-offset"]) >= offset:
            waiting = _received(letter, why, now)
            latest[waiting.offset] = waiting
    return sorted(latest.values(), key=attrgetter("offset"))


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


def _count(text: bytes) -> int:
    # A command may come with such a header of its own, whatever is in it.
    return int(text) if text.isdigit() and len(text) <= _MAX_DIGITS else 0
