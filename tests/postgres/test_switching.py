"""Readers are moved from build to build, never backwards, and by nobody's error to none."""

from __future__ import annotations

import asyncio

import pytest

from service.postgres.giving_way import Held
from service.postgres.keys import prepare_keys
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.redriving import Redriven, Redriving
from service.postgres.switching import Move, NotLevel, StaleThere, Terms, switch
from service.postgres.views import InUse
from service.postgres.waiting import hold
from service.projections.build import Build
from service.projections.level import Offsets
from service.projections.store import StoreUnavailable
from tests.event_records import event_record
from tests.postgres.beside import SOURCE, TOPIC, Beside, voyage
from tests.postgres.poisoned import docked, poisoned
from tests.postgres.ships_v2 import SHIPS, SHIPS_2

RECORDS = voyage(60)


@pytest.fixture
def beside(pool: Pool, names: Names) -> Beside:
    return Beside(pool, names)


async def _views(beside: Beside) -> list[str]:
    query = "SELECT viewname FROM pg_views WHERE schemaname = $1 ORDER BY 1"
    return [name for (name,) in await beside.pool.fetch(query, f"{beside.names.prefix}fairlead")]


async def test_a_level_build_is_shown_and_taken_back_with_its_own_views(beside: Beside) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS_2)
    await beside.feed(SHIPS, old, RECORDS, 60)
    await beside.feed(SHIPS_2, new, RECORDS, 60)
    seen = await beside.versions()

    assert old == await beside.switch(SHIPS_2, new)
    assert ("ships.v2", seen) == (await beside.shown(), await beside.versions())
    assert ["heavy_cargo", "parked", "progress", "ships"] == await _views(beside)
    voyages = await beside.pool.fetchval(f"SELECT sum(voyages) FROM {beside.names.public}.ships")  # noqa: S608
    assert sum(b"ShipDeparted" in record.value for record in RECORDS) == voyages

    assert new == await beside.switch(SHIPS, old)
    assert ("ships.v1", seen) == (await beside.shown(), await beside.versions())
    assert ["cargo", "parked", "progress", "ships"] == await _views(beside)


async def test_a_build_that_is_behind_is_not_shown(beside: Beside) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS_2)
    await beside.feed(SHIPS, old, RECORDS, 60)
    await beside.feed(SHIPS_2, new, RECORDS, 59)

    with pytest.raises(NotLevel, match=r"ships\.v2 stands 1 offsets behind ships\.v1 \(ship\.events\[0\]: 1\)"):
        await beside.switch(SHIPS_2, new)
    assert "ships.v1" == await beside.shown()


async def test_without_that_rule_readers_see_older_rows(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.postgres.switching.behind", lambda *_: {})
    old, new = await beside.prepare(), await beside.add(SHIPS_2)
    await beside.feed(SHIPS, old, RECORDS, 60)
    await beside.feed(SHIPS_2, new, RECORDS, 40)
    before = await beside.versions()

    await beside.switch(SHIPS_2, new)

    after = await beside.versions()
    assert any(after.get(ship, 0) < version for ship, version in before.items())


async def test_the_old_build_stands_still_while_the_new_one_is_looked_at(beside: Beside) -> None:
    """Else what it takes in between would be seen, and then no more."""
    old, new = await beside.prepare(), await beside.add(SHIPS_2)
    await beside.feed(SHIPS, old, RECORDS, 50)
    await beside.feed(SHIPS_2, new, RECORDS, 40)
    going_on: list[asyncio.Task[None]] = []
    held: list[int] = []

    async def catch_up(wanted: Offsets) -> None:
        going_on.append(asyncio.create_task(beside.feed(SHIPS, old, RECORDS, 60)))
        await asyncio.wait(going_on, timeout=0.2)
        held.append(await beside.offset(old))
        await beside.feed(SHIPS_2, new, RECORDS, *wanted.values())

    await switch(beside.pool, beside.names, Move(SHIPS_2, new, dict, catch_up, Terms()))
    await asyncio.gather(*going_on)
    assert [50] == held
    assert "ships.v2" == await beside.shown()
    assert (60, 50) == (await beside.offset(old), await beside.offset(new))


@pytest.mark.parametrize(
    ("bound", "most"), [("switching._HELD_SECONDS", 0.5), ("alone.FROZEN_MS", 500)], ids=["waiting", "frozen"]
)
async def test_a_switch_that_stands_still_holds_up_nobody_for_long(
    beside: Beside, monkeypatch: pytest.MonkeyPatch, bound: str, most: float
) -> None:
    monkeypatch.setattr("service.postgres.switching._HELD_SECONDS", 1_000.0)
    monkeypatch.setattr(f"service.postgres.{bound}", most)
    old, new = await beside.prepare(), await beside.add(SHIPS_2)
    await beside.feed(SHIPS, old, RECORDS, 50)
    await beside.feed(SHIPS_2, new, RECORDS, 40)
    held, never = asyncio.Event(), asyncio.Event()

    async def catch_up(_: Offsets) -> None:
        held.set()
        await never.wait()

    move = Move(SHIPS_2, new, dict, catch_up, Terms())
    switching = asyncio.create_task(switch(beside.pool, beside.names, move))
    async with asyncio.timeout(30):
        await held.wait()
        await beside.feed(SHIPS, old, RECORDS, 60)
        await prepare_keys(beside.pool, beside.names)
    never.set()
    with pytest.raises((NotLevel, StoreUnavailable)):
        await switching
    assert "ships.v1" == await beside.shown()


async def test_two_who_switch_at_once_do_it_once(beside: Beside) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS_2)

    assert [None, old] == sorted(
        await asyncio.gather(*(beside.switch(SHIPS_2, new) for _ in range(2))), key=lambda before: before is not None
    )
    assert "ships.v2" == await beside.shown()


async def test_what_is_parked_in_the_new_build_alone_keeps_readers_where_they_are(beside: Beside) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS, 2)
    await beside.feed(SHIPS, old, [event_record(0, "a", 1, ("ShipRegistered", {"name": "A"}), 0)], 1)
    await beside.feed(SHIPS, new, [event_record(0, "a", 1, ("ShipSunk", {}), 0)], 1)

    with pytest.raises(StaleThere, match=r"1 entities are parked in ships\.v1\.2 that ships\.v1 has taken, such as a"):
        await beside.switch(SHIPS, new)

    assert old == await beside.switch(SHIPS, new, Terms(stale=True))


@pytest.mark.parametrize(
    ("ships", "poison"),
    [("aaaaa", {"0"}), ("aabbb", {"0", "2"})],
    ids=["some of its messages taken", "all of its messages taken"],
)
async def test_what_a_redrive_that_was_killed_has_taken_keeps_readers_where_they_are(
    beside: Beside, monkeypatch: pytest.MonkeyPatch, ships: str, poison: set[str]
) -> None:
    monkeypatch.setattr("service.postgres.redriving._MESSAGES", 2)
    old, new = await beside.prepare(), await beside.add(SHIPS, 2)
    records = [docked(offset, ship) for offset, ship in enumerate(ships)]
    for build in (old, new):
        await beside.feed(poisoned(SHIPS, poison), build, records, 5)
    await _begin_redrive(beside, old)
    seen = await beside.versions()
    assert {"a": 2} == seen

    with pytest.raises(StaleThere, match=r"1 entities are parked in ships\.v1\.2 that ships\.v1 has taken, such as a"):
        await beside.switch(SHIPS, new)

    await _begin_redrive(beside, new)
    assert old == await beside.switch(SHIPS, new)
    assert seen == await beside.versions()


async def test_a_redrive_of_what_readers_see_stands_still_too(beside: Beside) -> None:
    """Else what it takes in between would be seen, and then no more."""
    old, new = await beside.prepare(), await beside.add(SHIPS_2)
    for code, build in ((SHIPS, old), (SHIPS_2, new)):
        await beside.feed(code, build, RECORDS, 60)
    async with beside.pool.acquire() as redriving, redriving.transaction():
        await hold(redriving, beside.names.tables(old), (TOPIC, 0))
        switching = asyncio.create_task(beside.switch(SHIPS_2, new))
        await asyncio.wait({switching}, timeout=0.5)
        assert not switching.done()
    assert old == await switching


async def _begin_redrive(beside: Beside, build: Build) -> None:
    """The first transaction of one, which is killed then."""

    def kill() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await Redriving(beside.pool, beside.names, SHIPS, build, {TOPIC: SOURCE}).run(None, Redriven(), kill)


async def test_a_view_that_others_have_built_upon_is_named(beside: Beside) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS_2)
    await beside.switch(SHIPS_2, new)
    public = beside.names.public
    await beside.pool.execute(f"CREATE VIEW {public}.theirs AS SELECT voyages FROM {public}.ships")  # noqa: S608

    with pytest.raises(InUse, match=r"view .*theirs depends on view .*ships, which gets other columns or goes: drop"):
        await beside.switch(SHIPS, old)
    assert "ships.v2" == await beside.shown()


async def test_a_reader_who_does_not_end_is_named_and_nobody_else_waits_for_long(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.postgres.switching.PATIENCE_SECONDS", 6.0)
    await beside.prepare()
    new = await beside.add(SHIPS_2)
    slowest = 0.0
    clock = asyncio.get_running_loop().time
    async with beside.pool.acquire() as reader, reader.transaction():
        await reader.execute(f"SET LOCAL application_name = 'long report'; TABLE {beside.names.public}.ships")
        switching = asyncio.create_task(beside.switch(SHIPS_2, new))
        while not switching.done():
            begun = clock()
            await beside.versions()
            slowest = max(slowest, clock() - begun)
        with pytest.raises(Held, match=r"Readers held on to the views for 6 s.*process .*long report, for"):
            await switching
    assert slowest < 3.0
    await beside.switch(SHIPS_2, new)


async def test_a_statement_that_was_prepared_before_goes_on_after(beside: Beside) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS_2)
    for build, code in ((old, SHIPS), (new, SHIPS_2)):
        await beside.feed(code, build, RECORDS, 60)
    async with beside.pool.acquire() as reader:
        query = f"SELECT version, cargo FROM {beside.names.public}.ships WHERE ship_id = $1"  # noqa: S608
        statement = await reader.prepare(query)
        for _ in range(6):
            await statement.fetchrow("ship-1")
            await reader.fetchrow(query, "ship-1")
        before = await statement.fetchval("ship-1")
        for code, build in ((SHIPS_2, new), (SHIPS, old)):
            await beside.switch(code, build)
            assert before == await statement.fetchval("ship-1")
            assert before == await reader.fetchval(query, "ship-1")


async def test_the_build_before_is_kept_for_a_time_and_for_ever_once_it_is_shown_again(beside: Beside) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS_2)
    query = f"SELECT version, drop_at - now() > interval '59 min' FROM {beside.names.public}.versions ORDER BY 1"  # noqa: S608

    await beside.switch(SHIPS_2, new, Terms(keep_s=3_600))
    assert [(1, True), (2, None)] == [tuple(row) for row in await beside.pool.fetch(query)]
    await beside.switch(SHIPS, old)
    assert [(1, None), (2, None)] == [tuple(row) for row in await beside.pool.fetch(query)]
