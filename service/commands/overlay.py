"""A copy on write: nothing that a batch decides is known to be true before its transaction commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fairlead.envelope import Command
from service.commands.changes import Changes
from service.commands.entities import Entities
from service.commands.stored import Entity, Outcome, event_key, outcome_key, pack_outcome, unpack_outcome
from service.commands.window import counts


class Overlay:
    """What is known as a batch has left it so far; `clock` as of Entities, to be set ahead by whoever answers."""

    def __init__(self, base: Entities) -> None:
        self.clock = base.clock
        self._base = base
        self._changes = Changes()
        self._recalled: dict[str, bytes] = {}

    def entity(self, entity_id: str) -> Entity:
        """The entity."""
        return self._changes.entities.get(entity_id) or self._base.entity(entity_id)

    def recall(self, commands: Iterable[Command]) -> None:
        """Look up at once what each of these finds: half the time of one look-up after the other."""
        self._recalled |= self._base.recalled([outcome_key(command.subject, command.id) for command in commands])

    def is_new(self, entity_id: str, key: str) -> bool:
        """Whether a command, which has been recalled, finds nothing under its key, and of its entity none waits."""
        return key not in self._recalled and key not in self._changes.outcomes and self.parked(entity_id) is None

    def outcome(self, key: str, entity: Entity, now: int) -> Outcome | None:
        """The outcome that a command, which has been recalled, finds under its key at `now`, in microseconds."""
        raw = self._changes.outcomes.get(key) or self._recalled.get(key)
        if raw is None or not entity.place:
            return None
        found = unpack_outcome(raw)
        return found.outcome if counts(found, entity.place, now, self.clock) else None

    def decided(
        self, entity_id: str, key: str, outcome: Outcome, entity: Entity, event_ids: Sequence[str] = ()
    ) -> None:
        """Remember an outcome by its key, and the entity as it is after it, by events of these ids."""
        state, version, time, place = entity
        place += 1
        changes = self._changes
        changes.entities[entity_id] = tuple.__new__(Entity, (state, version, time, place))
        changes.outcomes[key] = pack_outcome(outcome, place, self.clock)
        if outcome.events:
            changes.folded.add(entity_id)
        for at, id_ in enumerate(event_ids, version - len(event_ids) + 1):
            changes.event_ids[event_key(entity_id, at)] = id_

    def add(self, changes: Changes, clock: int) -> None:
        """Take it that all this has been decided, the last of it when the clock stood there."""
        self._changes.add(changes)
        self.clock = clock

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
