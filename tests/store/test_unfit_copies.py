"""A copy that does not fit its log is made anew: no cache is a reason to stop a partition."""

from __future__ import annotations

from collections.abc import Collection

import orjson
import pytest

from service.commands.entities import ENTITIES
from service.commands.ports import Draft, Put
from service.domain import AGGREGATES
from service.kafka import rehydration
from service.kafka.unsafe import PartitionUnsafe
from tests.domain.atlantis import SHIP
from tests.domain.memory import MemoryStore
from tests.domain.partition import NOON, envelope
from tests.domain.partition_histories import assert_equal
from tests.store.logs import Killed
from tests.store.owning import Owning, copied


async def test_one_that_knows_more_of_a_ship_than_it_has_read_of_events(monkeypatch: pytest.MonkeyPatch) -> None:
    owning = Owning(AGGREGATES["ship"])
    owning.logs.serve(monkeypatch)
    await owning.ask(envelope("register_ship", SHIP, {"name": "a"}), NOON)
    await owning.flush()
    ahead = copied(owning.disk)
    await owning.ask(envelope("dock_ship", SHIP, {"port": "b"}), NOON)
    await owning.flush()
    # As who stands by had it that read snapshots a little further than events.
    ahead.kept[ENTITIES] = copied(owning.disk).kept[ENTITIES]
    found = await owning.acquired(ahead)
    assert "warm" != found.how
    assert_equal(owning.replayed(), found.local.entities)
    assert "warm" == (await owning.acquired(ahead)).how


async def test_one_that_fits_outlives_an_event_that_only_a_later_release_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    owning = Owning(AGGREGATES["ship"])
    logs, topic = owning.logs, owning.topics.events
    logs.serve(monkeypatch)
    await owning.ask(envelope("register_ship", SHIP, {"name": "a"}), NOON)
    await owning.flush()
    kept = copied(owning.disk)
    later = {"type": "ShipInspected", "dataschema": "urn:fairlead:ship:ShipInspected:1", "entityversion": 2}
    logs.append(topic, [Draft(SHIP.encode(), orjson.dumps(logs.written[topic][-1].json | later), [], NOON)])
    with pytest.raises(PartitionUnsafe, match="ShipInspected is not known to this release: it waits"):
        await owning.acquired(owning.disk)
    assert kept.kept == copied(owning.disk).kept


class Dying(MemoryStore):
    """Its process is killed at the second write."""

    writes = 0

    def write(self, puts: Collection[Put], deletes: Collection[tuple[str, str]]) -> None:
        """Keep it, the first time."""
        self.writes += 1
        if self.writes == 2:
            raise Killed
        super().write(puts, deletes)


async def test_one_that_never_read_of_a_ship_because_its_snapshot_was_compacted_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owning, blind = await _blind(monkeypatch)
    found = await owning.acquired(blind)
    assert "warm" != found.how
    assert_equal(owning.replayed(), found.local.entities)


async def test_one_that_does_not_fit_and_was_kept_half_way_does_not_fit_then_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rehydration, "FLUSHED", 0)
    owning, blind = await _blind(monkeypatch)
    disk = Dying()
    disk.kept = blind.kept
    with pytest.raises(Killed):
        await owning.acquired(disk)
    assert "warm" != (await owning.acquired(disk)).how


async def _blind(monkeypatch: pytest.MonkeyPatch) -> tuple[Owning, MemoryStore]:
    owning = Owning(AGGREGATES["ship"])
    owning.logs.serve(monkeypatch)
    await owning.ask(envelope("register_ship", SHIP, {"name": "a"}), NOON)
    await owning.flush()
    blind = copied(owning.disk)
    del blind.kept[ENTITIES][SHIP]
    session = await owning.owned()
    owning.publish(envelope("depart_ship", SHIP, {}), NOON)
    session._suspicion.refused[session.next_offset] = "MessageSizeTooLarge"  # noqa: SLF001  # as a broker told it
    await owning.work()
    assert 1 == len(owning.logs.written[owning.topics.events])
    return owning, blind
