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
from tests.store.owning import Owning, judged

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


@pytest.mark.parametrize("disk", ["lost", "kept"])
async def test_after_a_pause_in_which_all_replies_went_snapshots_are_enough_again(
    monkeypatch: pytest.MonkeyPatch, disk: str
) -> None:
    owning = await _removed(monkeypatch)
    end = owning.logs.ends[owning.topics.replies]
    if disk == "lost":
        owning.lose_disk()
    await owning.ask(envelope("depart_ship", entity_id(1), {}), NOON + (_SHIPS + 200) * HOUR)
    assert end == owning.checkpoint.needed.replies
    await owning.kill()
    assert "snapshots" == (await owning.acquired(MemoryStore())).how
    assert [] == judged(owning).violations


async def test_but_not_while_one_that_was_removed_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    owning = await _removed(monkeypatch)
    for hours in (1, 2, 23):
        owning.lose_disk()
        again = await owning.ask(_last(), NOON + (_SHIPS - 1 + hours) * HOUR)
        assert ("events", True) == (owning.how, again["data"]["duplicate"])
        assert 0 == owning.checkpoint.needed.replies


def _last() -> dict[str, Any]:
    """The command that was accepted last."""
    return envelope("register_ship", entity_id(_SHIPS - 1), {"name": "a"}, id=entity_id(999))


async def _removed(monkeypatch: pytest.MonkeyPatch) -> Owning:
    """An owner's logs once all of its replies were removed."""
    owning = Owning(AGGREGATES["ship"])
    owning.logs.serve(monkeypatch)
    for ship in range(_SHIPS - 1):
        await owning.ask(envelope("register_ship", entity_id(ship), {"name": "a"}), NOON + ship * HOUR)
    await owning.ask(_last(), NOON + (_SHIPS - 1) * HOUR)
    await owning.flush()
    await owning.kill()
    owning.logs.retain(owning.topics.replies, NOON + _SHIPS * HOUR)
    return owning
