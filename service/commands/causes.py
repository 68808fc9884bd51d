"""Events tell what came of their commands, where no reply does: written by one decision, they are one outcome."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from service.commands.changes import Changes
from service.commands.entities import Entities
from service.commands.identity import event_id
from service.commands.stored import Outcome, Remembered, outcome_key, pack_outcome, unpack_outcome


class Causes:
    """Of an aggregate; `replied` has the keys of what replies tell, and None means that none do so later."""

    def __init__(self, aggregate: str, entities: Entities, replied: Container[str] | None) -> None:
        self._aggregate = aggregate
        self._entities = entities
        self._replied = replied

    def add(self, changes: Changes, event: dict[str, Any], time: int, clock: int) -> None:
        """Add to `changes` what this event tells, which is folded already: times in microseconds."""
        subject, key = event["subject"], outcome_key(event["subject"], event["causationid"])
        if self._replied is not None and key in self._replied:
            return
        version, digest = event["entityversion"], event["commanddigest"]
        refs = ((event["id"], event["type"], version),)
        raw = changes.outcomes.get(key)
        before = self._entities.outcome(key) if raw is None else unpack_outcome(raw)
        if before is not None and self._goes_on(before, event, time):
            outcome = before.outcome._replace(entity_version=version, events=before.outcome.events + refs)
            changes.outcomes[key] = pack_outcome(outcome, before.place, clock)
        elif before is None or version > before.outcome.entity_version:
            outcome, entity = Outcome("accepted", None, None, version, refs, digest, time), changes.entities[subject]
            # Where a reply follows, it is counted by that.
            place = entity.place + (self._replied is not None)
            changes.entities[subject] = entity._replace(place=place)
            changes.outcomes[key] = pack_outcome(outcome, place, clock)

    def _goes_on(self, before: Remembered, event: dict[str, Any], time: int) -> bool:
        """Whether an event is of the same decision as those before it with its command's id."""
        version, outcome = event["entityversion"], before.outcome
        if outcome.digest != event["commanddigest"] or outcome.entity_version != version - 1:
            return False
        imported = event["id"] != event_id(self._aggregate, event["subject"], version, event["causationid"])
        return imported or time == outcome.time
