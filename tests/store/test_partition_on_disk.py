"""What is known of a partition is the same on disk as in memory, behind a cache that is too small for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain import Aggregate
from service.store.rocks import RocksStore
from service.store.shelf import RocksShelf
from tests.domain.partition import Partition
from tests.domain.partition_histories import assert_equal, histories, publish
from tests.domain.strategies import aggregates
from tests.domain.troubles import Troubled, trouble

# Each opens some stores.
_FEW = settings(max_examples=settings().max_examples // 3)


@contextmanager
def on_disk(partition: Partition) -> Iterator[Partition]:
    """The same partition, whose owners keep what they know in stores of their own."""
    with TemporaryDirectory() as folder, ExitStack() as opened:
        shelf = RocksShelf(Path(folder))

        def new_store() -> RocksStore:
            store = shelf.open("one")
            opened.callback(store.close)
            return store

        partition.new_store = new_store
        partition.entities = partition.replayed()
        yield partition


@pytest.mark.parametrize("aggregate", aggregates, ids=lambda aggregate: aggregate.name)
@given(st.data())
@_FEW
def test_the_same_is_decided_and_known(aggregate: Aggregate, data: st.DataObject) -> None:
    history = data.draw(histories(aggregate, control=True))
    in_memory = Partition(aggregate)
    publish(in_memory, history)
    with on_disk(Partition(aggregate, keys=in_memory.keys)) as partition:
        publish(partition, history)
        assert [one.value for one in in_memory.replies] == [one.value for one in partition.replies]
        assert in_memory.entities.parked == partition.entities.parked
        assert_equal(partition.entities, partition.replayed())


@pytest.mark.parametrize("aggregate", aggregates, ids=lambda aggregate: aggregate.name)
@given(st.data())
@_FEW
def test_a_replay_knows_what_waits_and_what_came_of_it(aggregate: Aggregate, data: st.DataObject) -> None:
    with on_disk(Troubled(aggregate)) as partition:
        trouble(partition, data.draw(histories(aggregate, control=True)), data)
        assert_equal(partition.entities, partition.replayed())
