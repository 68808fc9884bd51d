"""The window of an entity: which outcomes a repeat finds, in decision time and by their number."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice

from service.audit.records import Json

_COMMANDS = 1_000
# More are let go at once than can be added, so that what is kept has a bound.
_AT_ONCE = 2
_HOUR = 3600 * 1_000_000
_FOUND = 24 * _HOUR
KEPT = 25 * _HOUR


@dataclass(frozen=True, slots=True)
class Remembered:
    """A command and its outcome."""

    content: bytes
    answer: Json
    place: int
    time: int
    newest: int


@dataclass(slots=True)
class Window:
    """Outcomes by command id; times in microseconds.

    How long one is kept is told by the newest broker time of the partition, now and when it was remembered.
    """

    _known: dict[str, Remembered] = field(default_factory=dict)
    _count: int = 0

    def find(self, command_id: str, now: int, newest: int) -> Remembered | None:
        """The outcome that a repeat has to get."""
        known = self._known.get(command_id)
        if known is None or self._count - known.place >= _COMMANDS or now - known.time >= _FOUND:
            return None
        return known if newest - known.newest < KEPT else None

    def remember(self, command_id: str, content: bytes, answer: Json, now: int, newest: int) -> None:
        """Add the outcome of a decision."""
        self._count += 1
        self._let_go(newest)
        self._known.pop(command_id, None)
        self._known[command_id] = Remembered(content, answer, self._count, now, newest)

    def _let_go(self, newest: int) -> None:
        """Of what no repeat can find any more; by its time alone one could, after a clock went back."""
        old = [
            command_id
            for command_id, known in islice(self._known.items(), _AT_ONCE)
            if self._count - known.place >= _COMMANDS or newest - known.newest >= KEPT
        ]
        for command_id in old:
            del self._known[command_id]
