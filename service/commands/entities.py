"""What the owner of a partition knows of its entities, and the overlay on which a batch is decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

WINDOW_COMMANDS = 1_000
WINDOW_MICROS = 24 * 3600 * 1_000_000

EventRef = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command led to: enough to give the same answer again.

    `events` are (id, type, version); `time` in microseconds; `place` counts the entity's remembered commands.
    """

    status: str
    code: str | None
    message: str | None
    entity_version: int
    events: tuple[EventRef, ...]
    digest: str
    time: int
    place: int


@dataclass(frozen=True, slots=True)
class Entity:
    """A folded state; `time` of the last event in microseconds, `remembered` counts commands with an outcome."""

    state: Any
    version: int = 0
    time: int = 0
    remembered: int = 0


@dataclass(slots=True)
class Entities:
    """All entities of one partition, with the window of outcomes and the ids of the events of each."""

    initial: Entity
    known: dict[str, Entity] = field(default_factory=dict)
    windows: dict[str, dict[str, Outcome]] = field(default_factory=dict)
    event_ids: dict[str, list[str]] = field(default_factory=dict)

    def remember(self, entity_id: str, command_id: str, outcome: Outcome) -> None:
        """Keep an outcome of a known entity, and let go of those that no later command can find.

        A broker's clock may go back, but no decision is older than the entity's last event: only that time is safe
        to forget by, so that what a repeat finds depends on the log alone, and not on when a batch ended.
        """
        window = self.windows.setdefault(entity_id, {})
        window.pop(command_id, None)
        window[command_id] = outcome
        floor = self.known[entity_id].time
        while window:
            oldest = next(iter(window))
            if within_window(window[oldest], outcome.place, floor):
                break
            del window[oldest]


def within_window(outcome: Outcome, remembered: int, now: int) -> bool:
    """Whether a repeat still finds this outcome."""
    return remembered - outcome.place < WINDOW_COMMANDS and now - outcome.time < WINDOW_MICROS


class Overlay:
    """A copy on write: nothing that a batch decides is known to be true before its transaction commits."""

    def __init__(self, base: Entities) -> None:
        self._base = base
        self._entities: dict[str, Entity] = {}
        self._outcomes: dict[str, dict[str, Outcome]] = {}
        self._event_ids: dict[str, list[str]] = {}

    def entity(self, entity_id: str) -> Entity:
        """The entity as this batch has left it so far."""
        return self._entities.get(entity_id) or self._base.known.get(entity_id) or self._base.initial

    def put(self, entity_id: str, entity: Entity, event_ids: list[str]) -> None:
        """Set the entity, after events of these ids."""
        self._entities[entity_id] = entity
        if event_ids:
            self._event_ids.setdefault(entity_id, []).extend(event_ids)

    def event_id(self, entity_id: str, version: int) -> str:
        """The id of the event that led to a version, from 1 to the entity's own."""
        before = self._base.event_ids.get(entity_id, [])
        if version <= len(before):
            return before[version - 1]
        return self._event_ids[entity_id][version - len(before) - 1]

    def outcome(self, entity_id: str, command_id: str, now: int) -> Outcome | None:
        """The outcome that a command id has within the entity's window at `now`, in microseconds."""
        found = self._outcomes.get(entity_id, {}).get(command_id)
        found = found or self._base.windows.get(entity_id, {}).get(command_id)
        if found and within_window(found, self.entity(entity_id).remembered, now):
            return found
        return None

    def remember(self, entity_id: str, command_id: str, outcome: Outcome) -> None:
        """Add an outcome to the entity's window."""
        pending = self._outcomes.setdefault(entity_id, {})
        pending.pop(command_id, None)
        pending[command_id] = outcome

    def merge(self) -> None:
        """The transaction has committed: what was decided is so."""
        self._base.known.update(self._entities)
        for entity_id, ids in self._event_ids.items():
            self._base.event_ids.setdefault(entity_id, []).extend(ids)
        for entity_id, outcomes in self._outcomes.items():
            for command_id, outcome in outcomes.items():
                self._base.remember(entity_id, command_id, outcome)
