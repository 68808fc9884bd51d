"""What is newly known of a partition, until its store has it."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.commands.stored import Entity


@dataclass(slots=True)
class Changes:
    """What is newly known: entities by id, outcomes and ids of events by their keys, who is parked from which command.

    An offset of None ends it. `folded` are the entities that events have changed.
    """

    entities: dict[str, Entity] = field(default_factory=dict)
    folded: set[str] = field(default_factory=set)
    outcomes: dict[str, bytes] = field(default_factory=dict)
    event_ids: dict[str, str] = field(default_factory=dict)
    parked: dict[str, int | None] = field(default_factory=dict)

    def add(self, later: Changes) -> None:
        """And this after it."""
        self.entities.update(later.entities)
        self.folded |= later.folded
        self.outcomes.update(later.outcomes)
        self.event_ids.update(later.event_ids)
        self.parked.update(later.parked)
