"""A copy on write: nothing that a batch decides is known to be true before its transaction commits."""

from __future__ import annotations

from collections.abc import Sequence

from service.commands.entities import Changes, Entities, counts
from service.commands.stored import Entity, Outcome, event_key, outcome_key, pack_outcome, unpack_outcome


class Overlay:
    """What is known as a batch has left it so far; `clock` as of Entities, to be set ahead by whoever answers."""

    def __init__(self, base: Entities) -> None:
        self.clock = base.clock
        self._base = base
        self._changes = Changes()

    def entity(self, entity_id: str) -> Entity:
        """The entity."""
        return self._changes.entities.get(entity_id) or self._base.entity(entity_id)

    def outcome(self, entity_id: str, entity: Entity, command_id: str, now: int) -> Outcome | None:
        """The outcome that a command of this id finds at `now`, in microseconds."""
        if not entity.place:
            return None
        key = outcome_key(entity_id, command_id)
        raw = self._changes.outcomes.get(key)
        found = self._base.outcome(key) if raw is None else unpack_outcome(raw)
        return found.outcome if found and counts(found, entity.place, now, self.clock) else None

    def decided(
        self, entity_id: str, command_id: str, outcome: Outcome, entity: Entity, event_ids: Sequence[str] = ()
    ) -> None:
        """Remember an outcome, and the entity as it is after it, by events of these ids."""
        if entity.version != self.entity(entity_id).version:
            self._changes.folded.add(entity_id)
        place = entity.place + 1
        self._changes.entities[entity_id] = tuple.__new__(Entity, (entity.state, entity.version, entity.time, place))
        self._changes.outcomes[outcome_key(entity_id, command_id)] = pack_outcome(outcome, place, self.clock)
        if event_ids:
            for version, id_ in enumerate(event_ids, entity.version - len(event_ids) + 1):
                self._changes.event_ids[event_key(entity_id, version)] = id_

    def event_id(self, entity_id: str, version: int) -> str:
        """The id of the event that led to a version, from 1 to the entity's own."""
        key = event_key(entity_id, version)
        return self._changes.event_ids.get(key) or self._base.event_id(key)

    def parked(self, entity_id: str) -> int | None:
        """The offset of the command that parked the entity."""
        if entity_id in self._changes.parked:
            return self._changes.parked[entity_id]
        return self._base.parked.get(entity_id)

    def park(self, entity_id: str, offset: int | None) -> None:
        """The entity is parked from this command on, or no longer."""
        self._changes.parked[entity_id] = offset

    def merge(self) -> None:
        """The transaction has committed: what was decided is so."""
        self._base.clock = self.clock
        self._base.merge(self._changes)
