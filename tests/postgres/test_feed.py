"""From a real log to real rows, whatever becomes of the connections in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from service.kafka.follower import LogDiffers
from service.kafka.topic_making import apply_topics
from service.local.servers import Endpoints
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool
from service.postgres.projector import BuildTables
from service.projections import PROJECTIONS
from service.projections.batch import Batch
from service.projections.taking import Taking
from tests.event_records import event_record
from tests.postgres.event_log import Log
from tests.postgres.feeding import Running, running_feed
from tests.postgres.seeding import Seeding

PORTS = PROJECTIONS["ports"]


@pytest.fixture
async def log(servers: Endpoints, names: Names, seeding: Seeding) -> Log:
    assert seeding
    log = Log(servers, names)
    await apply_topics(log.connection, ["ship"], log.prefix, partitions=1, replication=1)
    return log


def _docked(*ships: str) -> list[bytes]:
    return [event_record(0, ship, 1, ("ShipDocked", {"port": "Oslo"}), 0).value for ship in ships]


@asynccontextmanager
async def _feed(log: Log, pool: Pool, names: Names) -> AsyncIterator[asyncio.Task[None]]:
    async with running_feed(log, pool, names, PORTS) as running:
        yield running.task


async def _visits(pool: Pool, names: Names, *, once_at: int) -> int:
    """Visits of Oslo, once the projection has reached this offset."""
    async with asyncio.timeout(60):
        while (await pool.fetchval(f"SELECT max(next_offset) FROM {names.public}.progress") or 0) < once_at:  # noqa: S608
            pass
    return int(await pool.fetchval(f"SELECT visits FROM {names.public}.ports"))  # noqa: S608


async def test_what_was_committed_is_projected_once_over_restarts(log: Log, pool: Pool, names: Names) -> None:
    first = await log.write(_docked("a", "b"), _docked("c"))
    async with _feed(log, pool, names):
        assert 3 == await _visits(pool, names, once_at=first)
        undone = await log.write(_docked("x"), keep=False)
        assert 3 == await _visits(pool, names, once_at=undone)
        second = await log.write(_docked("d"))
        assert 4 == await _visits(pool, names, once_at=second)
    third = await log.write(_docked("e"))
    async with _feed(log, pool, names):
        assert 5 == await _visits(pool, names, once_at=third)


async def test_a_feed_goes_on_behind_a_batch_that_a_zombie_took_and_does_not_write_it_again(
    log: Log, pool: Pool, names: Names
) -> None:
    end = await log.write(*(_docked(f"ship-{number}") for number in range(30)))
    tables = BuildTables(pool, names, PORTS.build())
    async with _feed(log, pool, names):
        await _visits(pool, names, once_at=end)
        # As a zombie does: it takes the next batch while the feed is waiting for it.
        since = await tables.standing(log.topic, 0, 0)
        await tables.apply(log.topic, 0, since, since.next_offset + 2, Batch())
        end = await log.write(_docked("taken"), _docked("next"))
        assert 31 == await _visits(pool, names, once_at=end)


async def test_what_a_crash_has_taken_is_read_again_though_nothing_more_comes(
    log: Log, pool: Pool, names: Names
) -> None:
    end = await log.write(_docked("a", "b"))
    async with _feed(log, pool, names):
        assert 2 == await _visits(pool, names, once_at=end)
        # As a server does that dies before its latest commits are on the disk.
        await _forget_all(pool, names)
        assert 2 == await _visits(pool, names, once_at=end)


@pytest.mark.parametrize("also", ["", "; TRUNCATE {tables}.progress"], ids=["", "its offset's row too"])
async def test_what_a_replica_that_takes_over_had_not_got_is_read_again_though_nothing_more_comes(
    log: Log, pool: Pool, names: Names, monkeypatch: pytest.MonkeyPatch, also: str
) -> None:
    monkeypatch.setattr("service.kafka.follower._LOOK_SECONDS", 1.0)
    looked: asyncio.Queue[int] = asyncio.Queue()
    begin = Taking.begin

    async def look(taking: Taking, beginning: int) -> int:
        at = await begin(taking, beginning)
        looked.put_nowait(at)
        return at

    monkeypatch.setattr(Taking, "begin", look)
    end = await log.write(_docked("a", "b"))
    async with _feed(log, pool, names):
        assert 2 == await _visits(pool, names, once_at=end)
        # What stood for so long that a crash of the same server takes nothing of it.
        async with asyncio.timeout(60):
            while await looked.get() != end:
                pass
        await _forget_all(pool, names, also)
        assert 2 == await _visits(pool, names, once_at=end)


async def _forget_all(pool: Pool, names: Names, also: str = "") -> None:
    tables = names.tables(PORTS.build())
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            f"UPDATE {tables}.progress SET next_offset = 0; TRUNCATE {tables}.ports, {tables}.berths"  # noqa: S608
            + also.format(tables=tables)
        )


async def test_lost_connections_are_waited_for(servers: Endpoints, log: Log, pool: Pool, names: Names) -> None:
    separator = "&" if "?" in servers.database_url else "?"
    url = f"{servers.database_url}{separator}application_name={names.prefix}feed"
    kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1"
    async with open_pool(url) as own, _feed(log, own, names) as running:
        killed = 0
        for number in range(5):
            end = await log.write(_docked(f"ship-{number}"))
            assert number + 1 == await _visits(pool, names, once_at=end)
            killed += await pool.fetchval(kill, f"{names.prefix}feed")
        assert (True, False) == (killed >= 5, running.done())


async def test_an_event_that_nobody_knows_parks_its_ship_and_no_other(log: Log, pool: Pool, names: Names) -> None:
    sunk = event_record(0, "a", 2, ("ShipSunk", {}), 0).value
    end = await log.write(_docked("a"), [sunk], _docked("a", "b"))

    async with _feed(log, pool, names):
        assert 2 == await _visits(pool, names, once_at=end)
    [row] = await pool.fetch(f'SELECT aggregate, entity_id, "offset", reason FROM {names.public}.parked')  # noqa: S608
    assert ("ship", "a", 2, "ValueError: Unknown event: ShipSunk") == tuple(row)


async def test_a_log_that_lacks_what_is_next_stops_its_partition_and_no_other(
    servers: Endpoints, pool: Pool, names: Names, seeding: Seeding
) -> None:
    assert seeding
    log = Log(servers, names)
    await apply_topics(log.connection, ["ship"], log.prefix, partitions=2, replication=1)
    await BuildTables(pool, names, PORTS.build()).standing(log.topic, 1, 1_000)

    async with running_feed(log, pool, names, PORTS) as running:
        why = await _stands(running, partition=1, ready=False)
        assert "ship.events[1] has no offset 1000, which the projection ports would read next" in why
        await log.write(_docked("a"))
        tables = names.tables(PORTS.build())
        async with asyncio.timeout(60):
            while not await pool.fetchval(f"SELECT sum(visits) FROM {tables}.ports"):  # noqa: S608
                pass
        await pool.execute(f"UPDATE {tables}.progress SET next_offset = 0 WHERE partition = 1")  # noqa: S608
        await _stands(running, partition=1, ready=True)


async def _stands(running: Running, *, partition: int, ready: bool) -> str:
    """Why a partition stands so, once it does."""
    async with asyncio.timeout(60):
        while True:
            for part in running.feed.status():
                if part.name.endswith(f"[{partition}]") and part.ready == ready and part.state != "starting":
                    return part.reason or ""
            await asyncio.sleep(0.01)


async def test_a_rebuild_ends_by_a_log_that_lacks_what_is_next(log: Log, pool: Pool, names: Names) -> None:
    await log.write(_docked("a"))
    await BuildTables(pool, names, PORTS.build()).standing(log.topic, 0, 1_000)

    async with running_feed(log, pool, names, PORTS, patient=False) as running:
        with pytest.raises(LogDiffers, match="has no offset 1000, which the projection ports would read next"):
            await asyncio.wait_for(running.task, 60)


async def test_missing_topics_are_named(servers: Endpoints, pool: Pool, names: Names, seeding: Seeding) -> None:
    assert seeding
    async with _feed(Log(servers, names), pool, names) as running:
        with pytest.raises(LookupError, match=r"ship\.events: missing; `fairlead topics apply` creates them"):
            await asyncio.wait_for(running, 60)
