"""A store that breaks is no fault of the command at hand: nothing is answered, and nobody has to wait for it."""

from __future__ import annotations

import pytest

from service.commands.entities import ENTITIES, Entities
from service.commands.ports import StoreBroken
from tests.domain.accounts import ADD, USER, opened
from tests.domain.bad_input import dumped
from tests.domain.memory import MemoryStore
from tests.domain.partition import NOON, Partition


def cold(partition: Partition) -> MemoryStore:
    """Let go of all that is in memory; the store that has it."""
    entities = partition.replayed()
    store = entities.store
    assert isinstance(store, MemoryStore)
    partition.entities = Entities(entities.initial, partition.snapshots_of.states, store, cached=10)
    partition.entities.clock = entities.clock
    return store


@pytest.mark.parametrize("space", [ENTITIES, "outcomes."])
def test_what_cannot_be_read_is_judged_by_nobody(space: str) -> None:
    partition = opened()
    store = cold(partition)
    for name in [name for name in store.kept if name.startswith(space)]:
        store.kept[name] = dict.fromkeys(store.kept[name], b"[1]")
    repeat = partition.commands[0]
    replies = len(partition.replies)
    partition.publish(repeat.key, repeat.value, at=NOON)
    partition.publish(USER.encode(), dumped(ADD), at=NOON)
    with pytest.raises(StoreBroken):
        partition.judge()
    assert replies == len(partition.replies)
    assert [] == partition.dead_letters
