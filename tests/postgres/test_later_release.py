"""A projector waits at an event of a later release, parks nobody, and goes on once it is of that release itself."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from fairlead.versions import NewerVersion
from service.domain import AGGREGATES
from service.kafka.topic_making import apply_topics
from service.local.servers import Endpoints
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.redriving import Redriven
from service.projections import PROJECTIONS
from tests.chaos.handlers import eventually
from tests.domain.evolved import LATER
from tests.event_records import event_record
from tests.postgres.event_log import Log
from tests.postgres.feeding import Running, running_feed
from tests.postgres.poisoned import TOPIC, Build

LEFT = "urn:fairlead:ship:ShipDeparted:2"
EVENTS = [
    event_record(0, "a", 1, ("ShipRegistered", {"name": "A"})),
    event_record(1, "a", 2, ("ShipDocked", {"port": "Oslo"})),
    event_record(2, "a", 3, ("ShipDeparted", {"port": "Oslo"}), dataschema=LEFT),
]


def _waits(running: Running) -> bool:
    told = "waiting for a later release of this projector: ShipDeparted is of version 2"
    return any((part.reason or "").startswith(told) and not part.ready for part in running.feed.status())


async def test_a_projector_waits_for_its_later_release(
    servers: Endpoints, pool: Pool, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, ships = Log(servers, names), Build(pool, names, PROJECTIONS["ships"])
    await apply_topics(log.connection, ["ship"], log.prefix, partitions=1, replication=1)
    ships.sources = {log.topic: ships.sources[TOPIC]}
    await ships.prepare()
    end = await log.write([record.value for record in EVENTS])
    async with running_feed(log, pool, names, PROJECTIONS["ships"]) as running:
        await eventually(lambda: _waits(running), "it says what it waits for", within=30)
        assert [("a", "A", "docked", "Oslo", 2)] == [tuple(row) for row in await ships.rows("ships")]
        assert [] == await ships.rows("parked")
        monkeypatch.setitem(AGGREGATES, "ship", LATER)
        async with asyncio.timeout(60):
            while [end] != [row[2] for row in await ships.rows("progress")]:
                pass
    assert [("a", "A", "at sea", None, 3)] == [tuple(row) for row in await ships.rows("ships")]
    assert [] == await ships.rows("parked")


async def test_all_before_an_event_of_a_later_release_is_taken_at_once(pool: Pool, names: Names) -> None:
    ships = Build(pool, names, PROJECTIONS["ships"])
    await ships.prepare()

    with pytest.raises(NewerVersion):
        await ships.take([*EVENTS, event_record(3, "b", 1, ("ShipRegistered", {"name": "B"}))])

    assert [2] == [row[2] for row in await ships.rows("progress")]
    assert [("a", "A", "docked", "Oslo", 2)] == [tuple(row) for row in await ships.rows("ships")]


async def test_an_entity_with_an_event_of_a_later_release_holds_up_no_redrive_of_others(
    pool: Pool, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    ships = Build(pool, names, PROJECTIONS["ships"])
    await ships.prepare()
    others = [event_record(3 + number, ship, 1, ("ShipRegistered", {"name": ship})) for number, ship in enumerate("0b")]
    await ships.take([*EVENTS, *others], poison={orjson.loads(one.value)["id"] for one in (EVENTS[0], *others)})

    assert Redriven(2, 4) == await ships.redrive()

    [still] = await ships.redriving().parked()
    assert ("a", 2, 1) == (still.entity_id, still.offset, still.waiting)
    assert still.reason.startswith("NewerVersion: ShipDeparted is of version 2")
    monkeypatch.setitem(AGGREGATES, "ship", LATER)
    assert Redriven(1, 1) == await ships.redrive()
