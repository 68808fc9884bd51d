"""What the owner of a partition knows of its entities."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

WINDOW_COMMANDS = 1_000
_HOUR = 3600 * 1_000_000
WINDOW_MICROS = 24 * _HOUR
_KEPT_MICROS = 25 * _HOUR

EventRef = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command led to: enough to give the same answer again.

    `events` are (id, type, version); `time` in microseconds; `place` counts the outcomes of its window, from 1;
    `clock` is the partition's when it was remembered.
    """

    status: str
    code: str | None
    message: str | None
    entity_version: int
    events: tuple[EventRef, ...]
    digest: str
    time: int
    place: int
    clock: int


Window = dict[str, Outcome]


@dataclass(frozen=True, slots=True)
class Entity:
    """A folded state; `time` of the last event in microseconds."""

    state: Any
    version: int = 0
    time: int = 0


@dataclass(slots=True)
class Entities:
    """All entities of one partition.

    `windows` hold outcomes by command id, those touched last at the end; `outcomes` counts them all.
    `parked` has the offset of the command that failed. `clock` is the latest broker time of a command in
    microseconds: it never goes back.
    """

    initial: Entity
    known: dict[str, Entity] = field(default_factory=dict)
    windows: OrderedDict[str, Window] = field(default_factory=OrderedDict)
    event_ids: dict[str, list[str]] = field(default_factory=dict)
    parked: dict[str, int] = field(default_factory=dict)
    outcomes: int = 0
    clock: int = 0

    def remember(self, entity_id: str, command_id: str, outcome: Outcome) -> None:
        """Keep an outcome, and let go of those that no later command can find.

        A broker's clock may go back, but no decision is older than the entity's last event: only that time is safe
        to forget by, so that what a repeat finds depends on the log alone, and not on when a batch ended.
        """
        window = self.windows.setdefault(entity_id, {})
        self.windows.move_to_end(entity_id)
        before = len(window)
        window.pop(command_id, None)
        window[command_id] = outcome
        floor = self.known.get(entity_id, self.initial).time
        # The last one stays whatever its age: by it the next is counted.
        while len(window) > 1:
            oldest = next(iter(window))
            if within_window(window[oldest], outcome.place, floor):
                break
            del window[oldest]
        self.outcomes += len(window) - before

    def begin_anew(self, entity_id: str) -> None:
        """Drop an entity's window."""
        self.outcomes -= len(self.windows.pop(entity_id, {}))

    def let_go(self) -> None:
        """Drop the windows in which nothing can be found any more; an entity without events is forgotten by it."""
        while self.windows:
            entity_id, window = next(iter(self.windows.items()))
            if last_of(window, self.clock) is not None:
                return
            self.begin_anew(entity_id)


def within_window(outcome: Outcome, remembered: int, now: int) -> bool:
    """Whether a repeat still finds this outcome where the last one has the place `remembered`."""
    return remembered - outcome.place < WINDOW_COMMANDS and now - outcome.time < WINDOW_MICROS


def last_of(window: Window | None, clock: int) -> Outcome | None:
    """The outcome that was remembered last, None where all have been let go.

    Told by the partition's clock: it only goes on, so that it makes no difference when they are dropped.
    """
    if not window:
        return None
    last = window[next(reversed(window))]
    return last if clock - last.clock < _KEPT_MICROS else None
