"""Where replies were removed too early, events tell outcomes beside those that are left, whatever goes meanwhile."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from prometheus_client import REGISTRY

from service.commands.stored import outcome_key
from service.domain import AGGREGATES
from service.kafka import unread
from tests.domain.memory import MemoryStore
from tests.domain.partition import HOUR, NOON, entity_id, envelope
from tests.domain.partition_histories import outcomes_of, states_of
from tests.store.logs import read_log
from tests.store.owning import Owning

_SHIPS, _HOURS_LEFT = 20, 10


async def test_replies_that_retention_takes_while_events_are_read_are_known_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owning = Owning(AGGREGATES["ship"])
    logs, topics = owning.logs, owning.topics
    logs.serve(monkeypatch)
    last = envelope("register_ship", entity_id(_SHIPS - 1), {"name": "again"})
    for ship in range(_SHIPS):
        await owning.ask(envelope("register_ship", entity_id(ship), {"name": "a"}), NOON + ship * HOUR)
    refused = await owning.ask(last, NOON + _SHIPS * HOUR)
    assert "rejected" == refused["data"]["status"]
    logs.retain(topics.replies, NOON + (_SHIPS - _HOURS_LEFT) * HOUR)

    async def going(*asked: Any) -> AsyncGenerator[tuple[Any, Any], None]:
        async for tp, records in read_log(*asked):
            yield tp, records
            if tp.topic == topics.events:
                logs.retain(topics.replies, NOON + (_SHIPS + 1) * HOUR)

    monkeypatch.setattr(unread, "read_log", going)
    found, disk = owning.replayed(), MemoryStore()
    acquired = await owning.acquired(disk)
    assert "events" == acquired.how
    assert logs.starts[topics.replies] == logs.ends[topics.replies]
    known = acquired.local.entities
    assert states_of(found) == states_of(known)
    assert outcomes_of(found) == outcomes_of(known)
    assert known.outcome(outcome_key(last["subject"], last["id"]))
    assert not [space for space in disk.spaces() if space.startswith("spool")]
    assert 0 == REGISTRY.get_sample_value("fairlead_rehydration_left", {"aggregate": "ship", "partition": "0"})
