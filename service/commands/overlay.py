"""A copy on write: nothing that a batch decides is known to be true before its transaction commits."""

from __future__ import annotations

from service.commands.entities import Entities, Entity, Outcome, Window, last_of, within_window


class Overlay:
    """What is known as a batch has left it so far; `clock` as of Entities, to be set ahead by whoever answers."""

    def __init__(self, base: Entities) -> None:
        self.clock = base.clock
        self._base = base
        self._entities: dict[str, Entity] = {}
        self._outcomes: dict[str, Window] = {}
        self._begun_anew: set[str] = set()
        self._event_ids: dict[str, list[str]] = {}
        self._parked: dict[str, int | None] = {}

    def entity(self, entity_id: str) -> Entity:
        """The entity."""
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

    def next_place(self, entity_id: str) -> int:
        """The place of the next outcome in the entity's window."""
        last = last_of(self._outcomes.get(entity_id) or self._base.windows.get(entity_id), self.clock)
        return 1 if last is None else last.place + 1

    def outcome(self, entity_id: str, command_id: str, place: int, now: int) -> Outcome | None:
        """The outcome that a command id has for the command of this place at `now`, in microseconds."""
        if place == 1:
            return None
        found = self._outcomes.get(entity_id, {}).get(command_id)
        if found is None and entity_id not in self._begun_anew:
            found = self._base.windows.get(entity_id, {}).get(command_id)
        return found if found and within_window(found, place - 1, now) else None

    def remember(self, entity_id: str, command_id: str, outcome: Outcome) -> None:
        """Add an outcome to the entity's window."""
        # Taken out and put in again: merged in the order in which they were touched last.
        pending = self._outcomes.pop(entity_id, {})
        if outcome.place == 1:
            pending = {}
            self._begun_anew.add(entity_id)
        pending.pop(command_id, None)
        pending[command_id] = outcome
        self._outcomes[entity_id] = pending

    def parked(self, entity_id: str) -> int | None:
        """The offset of the command that parked the entity."""
        if entity_id in self._parked:
            return self._parked[entity_id]
        return self._base.parked.get(entity_id)

    def park(self, entity_id: str, offset: int | None) -> None:
        """The entity is parked from this command on, or no longer."""
        self._parked[entity_id] = offset

    def merge(self) -> None:
        """The transaction has committed: what was decided is so."""
        base = self._base
        base.clock = self.clock
        base.known.update(self._entities)
        for entity_id, ids in self._event_ids.items():
            base.event_ids.setdefault(entity_id, []).extend(ids)
        for entity_id, offset in self._parked.items():
            if offset is None:
                base.parked.pop(entity_id, None)
            else:
                base.parked[entity_id] = offset
        for entity_id in self._begun_anew:
            base.begin_anew(entity_id)
        for entity_id, outcomes in self._outcomes.items():
            for command_id, outcome in outcomes.items():
                base.remember(entity_id, command_id, outcome)
        base.let_go()
