"""What a handler counts in memory at a start without a disk has one bound, whatever its partitions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiokafka import TopicPartition

from service.domain import AGGREGATES
from service.kafka.local import Local
from service.kafka.rehydration import _COUNTED, Rehydration
from service.kafka.unread import Logs
from tests.domain.memory import MemoryStore
from tests.store.owning import Owning


@pytest.mark.parametrize("partitions", [1, 4, 12])
async def test_all_partitions_together_count_no_more_than_one_would(partitions: int) -> None:
    terms = replace(Owning(AGGREGATES["ship"]).terms, partitions=partitions)
    log = TopicPartition("any", 0)
    local = Local(terms, MemoryStore())
    await local.renew()
    rehydration = Rehydration(terms, Logs(log, log, log, {}, {}), local, print)
    replay = rehydration.replay(None, afresh=True)
    assert 0 < partitions * replay._room <= _COUNTED  # noqa: SLF001  # logs of so many partitions would take minutes
