"""A build goes with all that it has, once nobody sees it or keeps it up."""

from __future__ import annotations

import asyncio

import pytest

from service.postgres.alone import alone
from service.postgres.builds import followed_builds, keep_until
from service.postgres.dropping import Shown, drop, drop_expired
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.views import InUse, show
from service.projections.build import Build
from service.projections.store import StoreUnavailable
from tests.postgres.beside import Beside, voyage
from tests.postgres.ships_v2 import SHIPS, SHIPS_2

RECORDS = voyage(20)
CODE = [("ships", 1), ("ships", 2)]


@pytest.fixture
def beside(pool: Pool, names: Names) -> Beside:
    return Beside(pool, names)


async def _schemas(beside: Beside) -> list[str]:
    query = "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1) ORDER BY 1"
    return [name.removeprefix(beside.names.prefix) for (name,) in await beside.pool.fetch(query, beside.names.prefix)]


async def _keep(beside: Beside, build: Build, seconds: float) -> None:
    async with beside.pool.acquire() as connection, alone(connection, beside.names):
        await keep_until(connection, beside.names, build, seconds)


async def test_a_build_goes_with_all_that_it_has(beside: Beside) -> None:
    old = await beside.prepare()
    new = await beside.add(SHIPS_2)
    await beside.feed(SHIPS_2, new, RECORDS, 20)

    await drop(beside.pool, beside.names, new)

    assert ["fairlead", "ships_v1"] == await _schemas(beside)
    assert [old] == await followed_builds(beside.pool, beside.names, CODE)
    assert 0 == await beside.pool.fetchval(f"SELECT count(*) FROM {beside.names.public}.progress")  # noqa: S608
    with pytest.raises(StoreUnavailable):
        await beside.feed(SHIPS_2, new, RECORDS, 20)


async def test_what_readers_see_is_not_dropped(beside: Beside) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS_2)
    await beside.switch(SHIPS_2, new)

    with pytest.raises(Shown, match=r"ships\.v2 is what readers see"):
        await drop(beside.pool, beside.names, new)
    await drop(beside.pool, beside.names, old)
    with pytest.raises(LookupError, match=r"ships\.v1 is not there"):
        await drop(beside.pool, beside.names, old)


async def test_a_build_that_others_have_built_upon_stays_and_is_kept_up(beside: Beside) -> None:
    await beside.prepare()
    new = await beside.add(SHIPS_2)
    tables, public = beside.names.tables(new), beside.names.public
    await beside.pool.execute(f"CREATE VIEW {public}.theirs AS SELECT ship_id FROM {tables}.ships")  # noqa: S608

    with pytest.raises(InUse, match=r"ships\.v2 is what .*theirs is made of: drop that first"):
        await drop(beside.pool, beside.names, new)
    assert new in await followed_builds(beside.pool, beside.names, CODE)


async def test_a_projector_in_the_midst_of_a_batch_is_waited_for(beside: Beside) -> None:
    await beside.prepare()
    new = await beside.add(SHIPS_2)
    await beside.feed(SHIPS_2, new, RECORDS, 10)
    async with beside.pool.acquire() as projector, projector.transaction():
        await projector.execute(f"UPDATE {beside.names.tables(new)}.progress SET next_offset = 11")  # noqa: S608
        dropping = asyncio.create_task(drop(beside.pool, beside.names, new))
        await asyncio.wait({dropping}, timeout=1)
        assert not dropping.done()
        # It goes on to tables that the drop may hold at times, and is never the one that gives way.
        await projector.execute(f"UPDATE {beside.names.tables(new)}.ships SET voyages = 0")  # noqa: S608
    await dropping
    assert ["fairlead", "ships_v1"] == await _schemas(beside)


async def test_a_build_whose_time_is_past_is_let_go_of_and_then_dropped_once(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS_2)
    await _keep(beside, new, 3_600)
    assert [old, new] == await followed_builds(beside.pool, beside.names, CODE)
    await _keep(beside, new, -1)
    assert [old] == await followed_builds(beside.pool, beside.names, CODE)
    # Others may not have looked yet.
    assert [] == await drop_expired(beside.pool, beside.names)

    monkeypatch.setattr("service.postgres.dropping._GRACE_SECONDS", 0.0)
    dropped = await asyncio.gather(*(drop_expired(beside.pool, beside.names) for _ in range(3)))
    assert [new] == [build for found in dropped for build in found]
    assert ["fairlead", "ships_v1"] == await _schemas(beside)


async def test_one_that_is_shown_again_before_its_time_stays(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.postgres.dropping._GRACE_SECONDS", 0.0)
    await beside.prepare()
    new = await beside.add(SHIPS_2)
    await _keep(beside, new, -1)
    await beside.switch(SHIPS_2, new)

    assert [] == await drop_expired(beside.pool, beside.names)
    assert new in await followed_builds(beside.pool, beside.names, CODE)


async def test_one_that_is_shown_again_while_it_is_to_be_dropped_is_passed_over(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that a projector keeps up would end with the look that meets it."""
    monkeypatch.setattr("service.postgres.dropping._GRACE_SECONDS", 0.0)
    await beside.prepare()
    new, other = await beside.add(SHIPS_2), await beside.add(SHIPS_2, 2)
    await _keep(beside, new, -1)
    await _keep(beside, other, -1)
    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND pid <> pg_backend_pid()"
    async with beside.pool.acquire() as switching, alone(switching, beside.names):
        dropping = asyncio.create_task(drop_expired(beside.pool, beside.names))
        while not await beside.pool.fetchval(waits):
            assert not dropping.done()
        await show(switching, beside.names, SHIPS_2, new)

    assert [other] == await dropping
    assert new in await followed_builds(beside.pool, beside.names, CODE)


async def test_one_that_somebody_reads_is_dropped_later(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.postgres.dropping.PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr("service.postgres.dropping._GRACE_SECONDS", -1.0)
    await beside.prepare(SHIPS)
    new = await beside.add(SHIPS_2)
    async with beside.pool.acquire() as reader, reader.transaction():
        await reader.execute(f"SELECT FROM {beside.names.tables(new)}.progress")
        with pytest.raises(TimeoutError, match=r"Somebody reads ships\.v2, .*projectors drop it later"):
            await drop(beside.pool, beside.names, new)
        assert [] == await drop_expired(beside.pool, beside.names)
    assert [new] == await drop_expired(beside.pool, beside.names)
