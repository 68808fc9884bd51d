"""Below the floors nothing is needed that no snapshot tells, whoever wrote them, by which code, however large."""

from __future__ import annotations

from typing import Any

import pytest

from service.commands import floors, snapshots
from service.domain import AGGREGATES
from service.kafka import session as sessions
from tests.domain.memory import MemoryStore
from tests.domain.partition import NOON, entity_id, envelope
from tests.domain.partition_histories import assert_equal
from tests.store.owning import Owning
from tests.store.reading import follow

SHIP, OTHER = entity_id(2), entity_id(1)
_ROOM = 260


@pytest.fixture
def owning(monkeypatch: pytest.MonkeyPatch) -> Owning:
    """Ships of whom every event is a generation of its own, and a record with room for a small one."""
    monkeypatch.setattr(floors, "GENERATION_EVENTS", 1)
    monkeypatch.setattr(snapshots, "_MAX_BYTES", _ROOM)
    monkeypatch.setattr(sessions, "_SWEPT", 1)
    found = Owning(AGGREGATES["ship"])
    found.logs.serve(monkeypatch)
    return found


async def ask(owning: Owning, type_: str, ship: str = SHIP, **data: Any) -> None:
    """A command that is accepted."""
    reply = await owning.ask(envelope(type_, ship, data), NOON)
    assert "accepted" == reply["data"]["status"], reply


async def sweep(owning: Owning) -> None:
    """All that changed is written, and a checkpoint says so."""
    await owning.sweep()
    await ask(owning, "dock_ship", OTHER, port="Rio")


async def started_empty(owning: Owning, how: str = "snapshots") -> None:
    """A new owner without a disk knows all, of a topic in which only the last record of each key is left."""
    expected = owning.replayed()
    owning.logs.compact(owning.topics.snapshots)
    found = await owning.acquired(MemoryStore())
    assert how == found.how
    assert_equal(expected, found.local.entities)


async def at_sea(owning: Owning) -> None:
    """Two ships, and a floor above all that they went through."""
    await ask(owning, "register_ship", OTHER, name="b")
    await ask(owning, "register_ship", name="a")
    await ask(owning, "dock_ship", port="Singapore")
    await sweep(owning)
    assert 0 < owning.checkpoint.needed.events


async def grown(owning: Owning) -> None:
    """A ship too large for a record, which was small when it was swept last."""
    await at_sea(owning)
    for item in ("tea", "silk", "copper", "electronics", "porcelain"):
        await ask(owning, "load_cargo", item=item * 5, quantity=1)


async def test_an_empty_start_reads_from_the_floor_on(owning: Owning) -> None:
    await at_sea(owning)
    await started_empty(owning)
    owning.lose_disk()
    await ask(owning, "depart_ship")
    await sweep(owning)
    await started_empty(owning)


async def test_a_state_too_large_for_a_record_holds_the_floor(owning: Owning) -> None:
    await grown(owning)
    before = owning.checkpoint.needed.events
    for _ in range(3):
        await sweep(owning)
        await ask(owning, "depart_ship", OTHER)
        assert before >= owning.checkpoint.needed.events > 0
        await started_empty(owning)


async def test_it_is_held_where_it_was_however_often_it_is_swept(owning: Owning) -> None:
    await grown(owning)
    for _ in range(3):
        await sweep(owning)
        await ask(owning, "load_cargo", item="tea", quantity=1)
        await started_empty(owning)
        await owning.kill()


async def test_the_floor_rises_again_once_it_has_become_small(owning: Owning) -> None:
    await grown(owning)
    await sweep(owning)
    held = owning.checkpoint.needed.events
    for item in ("tea", "silk", "copper", "electronics", "porcelain"):
        await ask(owning, "unload_cargo", item=item * 5, quantity=1)
    await sweep(owning)
    assert held < owning.checkpoint.needed.events
    await started_empty(owning)


async def test_where_a_large_one_is_parked_all_events_are_needed_at_once(owning: Owning) -> None:
    await grown(owning)
    await parked(owning)
    assert 0 == owning.checkpoint.needed.events
    await started_empty(owning)
    await sweep(owning)
    await started_empty(owning)


async def test_so_they_are_for_an_owner_with_a_disk_of_before(owning: Owning) -> None:
    await grown(owning)
    await owning.flush()
    await owning.kill()
    await other_disk(owning, parked)
    await ask(owning, "depart_ship", OTHER)
    await started_empty(owning)


async def test_so_they_are_for_who_stood_by_and_need_not_begin_anew(
    owning: Owning, monkeypatch: pytest.MonkeyPatch
) -> None:
    await grown(owning)
    acquired = await owning.acquired(disk := MemoryStore())
    await parked(owning)
    await follow(monkeypatch, owning, acquired)
    await owning.kill()
    owning.disk = disk
    await ask(owning, "depart_ship", OTHER)
    assert ("warm", 0) == (owning.how, owning.checkpoint.needed.events)
    await started_empty(owning)


async def test_a_state_that_a_later_record_hides_is_written_again_before_the_floor_rises(owning: Owning) -> None:
    await ask(owning, "register_ship", OTHER, name="b")
    # With whom it waits for in it, its record has no room for its state any more.
    await ask(owning, "register_ship", name="a" * 159)
    await sweep(owning)
    assert "state" in owning.snapshots()[-1].json
    await parked(owning)
    assert "state" not in owning.snapshots()[-1].json
    owning.lose_disk()
    await sweep(owning)
    await started_empty(owning)


async def test_a_sweep_by_other_code_is_not_built_upon(owning: Owning) -> None:
    await at_sea(owning)
    await owning.flush()
    owning.handed_over()
    await owning.sweep()
    owning.handed_over()
    await started_empty(owning, "events")


async def test_nor_by_who_had_a_disk_before_the_other_code_came(owning: Owning) -> None:
    await at_sea(owning)
    await owning.flush()
    owning.handed_over()
    await sweep(owning)
    owning.handed_over()
    kept = owning.disk
    owning.lose_disk()
    await ask(owning, "depart_ship", OTHER)
    await owning.kill()
    owning.disk = kept
    await ask(owning, "dock_ship", OTHER, port="Rio")
    await started_empty(owning)


async def test_other_code_begins_with_the_first_event_and_its_floors_rise_again(owning: Owning) -> None:
    await at_sea(owning)
    owning.handed_over()
    await ask(owning, "depart_ship", OTHER)
    assert ("events", 0) == (owning.how, owning.checkpoint.needed.events)
    await sweep(owning)
    assert 0 < owning.checkpoint.needed.events
    await started_empty(owning)


async def test_a_parked_entity_outlives_a_sweep_and_an_empty_start(owning: Owning) -> None:
    await at_sea(owning)
    await parked(owning)
    await sweep(owning)
    found = owning.replayed().parked
    assert [SHIP] == [*found]
    await started_empty(owning)
    owning.lose_disk()
    assert found == (await owning.acquired(owning.disk)).local.entities.parked


async def test_an_entity_that_was_deleted_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floors, "GENERATION_EVENTS", 1)
    owning = Owning(AGGREGATES["user"])
    owning.logs.serve(monkeypatch)
    for type_, data in (("create_user", {"username": "test_user", "balance": 1}), ("delete_user", {})):
        await owning.ask(envelope(type_, SHIP, data), NOON)
    await owning.sweep()
    await owning.ask(envelope("create_user", OTHER, {"username": "other", "balance": 1}), NOON)
    assert 0 < owning.checkpoint.needed.events
    await started_empty(owning)
    owning.lose_disk()
    again = await owning.ask(envelope("create_user", SHIP, {"username": "test_user", "balance": 1}), NOON)
    assert ("rejected", "gone", 2) == tuple(again["data"][name] for name in ("status", "code", "entity_version"))
    assert b"test_user" not in b"".join(one.value or b"" for one in owning.snapshots())


async def parked(owning: Owning) -> None:
    """The ship's next command fails."""
    session = await owning.owned()
    owning.publish(envelope("depart_ship", SHIP, {}), NOON)
    session._suspicion.refused[session.next_offset] = "MessageSizeTooLarge"  # noqa: SLF001  # as a broker told it
    await owning.work()
    assert "not_writable" == owning.logs.written[owning.topics.replies][-1].json["data"]["code"]


async def other_disk(owning: Owning, what: Any) -> None:
    """Somebody else does this in between."""
    kept = owning.disk
    owning.lose_disk()
    await what(owning)
    await owning.kill()
    owning.disk = kept
