"""Events tell what came of their commands only where no checkpoint speaks of them: for all others a reply does."""

from __future__ import annotations

import pytest

from service.commands.entities import Entities
from service.commands.replay import Replay
from service.commands.stored import Entity
from service.domain import AGGREGATES
from tests.domain.atlantis import SHIP
from tests.domain.memory import MemoryStore
from tests.domain.partition import SNAPSHOTS, Partition, envelope


@pytest.mark.parametrize("covered", [0, 1, 2])
def test_what_a_checkpoint_speaks_of_is_not_looked_up(covered: int) -> None:
    aggregate, snapshots = AGGREGATES["ship"], SNAPSHOTS["ship"]
    partition = Partition(aggregate)
    partition.ask(envelope("register_ship", SHIP, {"name": "a"}))
    partition.ask(envelope("dock_ship", SHIP, {"port": "b"}))
    entities = Entities(Entity(aggregate.initial), snapshots.states, MemoryStore(), cached=10)
    replay = Replay(aggregate, entities, snapshots, keep_event_ids=False, beyond=0)
    replay.covered(covered)
    replay.covered(0)
    replay.add_events(partition.events)
    assert 2 - covered == len(entities.unflushed.outcomes)
    assert 2 == entities.entity(SHIP).version
