"""Who stands by knows what the owner writes, however far it is behind, and keeps it as it goes."""

from __future__ import annotations

import pytest

from service.commands import floors
from service.domain import AGGREGATES
from service.kafka import pursuit
from service.kafka import session as sessions
from service.kafka.acquire import Acquired
from service.kafka.unread import Stale
from tests.domain.memory import MemoryStore
from tests.domain.partition import HOUR, NOON, entity_id, envelope
from tests.domain.partition_histories import assert_equal, outcome_keys_of
from tests.store.owning import Owning
from tests.store.reading import follow

_SHIPS, _BATCH, _FLUSHED = 1_000, 40, 200


@pytest.fixture
def owning(monkeypatch: pytest.MonkeyPatch) -> Owning:
    """An owner that sweeps nearly always, and who stands by, which keeps something whenever it may."""
    monkeypatch.setattr(floors, "GENERATION_EVENTS", 500)
    monkeypatch.setattr(sessions, "_SWEPT", 2)
    for name, value in (("FLUSHED", _FLUSHED), ("_FLUSH_SECONDS", 0.0), ("_RECORDS", 10)):
        monkeypatch.setattr(pursuit, name, value)
    found = Owning(AGGREGATES["ship"])
    found.logs.serve(monkeypatch)
    return found


async def sail(owning: Owning, type_: str, count: int) -> None:
    """So many ships do this, in transactions of many commands each."""
    data = {"name": "a"} if type_ == "register_ship" else {"port": "b"}
    for number in range(count):
        owning.publish(envelope(type_, entity_id(number), data), NOON + number)
        if number % _BATCH == _BATCH - 1:
            await owning.work()
            await owning.flush()
    await owning.work()


async def standing_by(owning: Owning) -> tuple[MemoryStore, Acquired]:
    """A copy on a disk of its own, which knows that all ships were registered."""
    await sail(owning, "register_ship", _SHIPS)
    disk = MemoryStore()
    return disk, await owning.acquired(disk)


async def test_who_is_far_behind_an_owner_that_sweeps_comes_to_the_end_and_keeps_all_on_its_way(
    owning: Owning, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, acquired = await standing_by(owning)
    for _ in range(3):
        await sail(owning, "dock_ship", _SHIPS)
    assert await follow(monkeypatch, owning, acquired) < 2 * _FLUSHED
    taken_over = await owning.acquired(disk)
    assert "warm" == taken_over.how
    assert_equal(owning.replayed(), taken_over.local.entities)


async def test_snapshots_by_other_code_are_told_as_such(owning: Owning, monkeypatch: pytest.MonkeyPatch) -> None:
    _, acquired = await standing_by(owning)
    owning.handed_over()
    await sail(owning, "dock_ship", _SHIPS)
    owning.handed_over()
    with pytest.raises(Stale, match="another release"):
        await follow(monkeypatch, owning, acquired)


async def test_a_copy_that_misses_what_snapshots_tell_of_is_made_anew(
    owning: Owning, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, acquired = await standing_by(owning)
    await sail(owning, "dock_ship", _SHIPS)
    swept = [one.key for one in owning.snapshots() if one.json["version"] == 2]
    kept = owning.logs.kept[owning.topics.events]
    kept[:] = [one for one in kept if one.key != swept[-1]]
    with pytest.raises(Stale, match="no event"):
        await follow(monkeypatch, owning, acquired)


async def test_who_takes_over_a_copy_needs_no_more_of_the_events_than_the_owner_before(
    owning: Owning, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, acquired = await standing_by(owning)
    for _ in range(3):
        await sail(owning, "dock_ship", _SHIPS)
    await follow(monkeypatch, owning, acquired)
    needed = owning.checkpoint.needed.events
    # What it would have to sweep is no longer of before.
    assert 0 < needed <= acquired.local.standpoint.floors.begun
    await owning.kill()
    owning.disk = disk
    await owning.ask(envelope("depart_ship", entity_id(1), {}), NOON)
    assert ("warm", needed) == (owning.how, owning.checkpoint.needed.events)
    owning.logs.compact(owning.topics.snapshots)
    cold = await owning.acquired(MemoryStore())
    assert "snapshots" == cold.how
    assert_equal(owning.replayed(), cold.local.entities)


async def test_outcomes_have_the_clock_of_their_replies_however_far_events_were_read_before_a_takeover(
    owning: Owning, monkeypatch: pytest.MonkeyPatch
) -> None:
    await owning.ask(envelope("register_ship", entity_id(1), {"name": "a"}), NOON)
    disk = MemoryStore()
    acquired = await owning.acquired(disk)
    for hours in range(1, 5):
        await owning.ask(envelope("dock_ship", entity_id(1), {"port": "b"}), NOON + hours * HOUR)
    await follow(monkeypatch, owning, acquired, hidden=owning.topics.replies)
    taken_over, all_logs = (await owning.acquired(disk)).local.entities, owning.replayed()
    clocks = [
        {key: found.clock for key in outcome_keys_of(entities) if (found := entities.outcome(key))}
        for entities in (taken_over, all_logs)
    ]
    assert 5 == len(clocks[1])
    assert clocks[0] == clocks[1]
    assert taken_over.clock == all_logs.clock
