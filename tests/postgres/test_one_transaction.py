"""Rows and offset move together or not at all, whoever else is writing and whatever is killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.projector import ProjectionTables
from service.projections import PROJECTIONS
from service.projections.folding import Write
from service.projections.store import OffsetMoved, StoreUnavailable
from tests.postgres.seeding import Seeding

TOPIC = "ship.events"
VISIT = [Write("ports", ("port",), (), ("visits",), [("Oslo", 1)])]


async def _seen(pool: Pool, names: Names) -> tuple[int, int]:
    """Visits of Oslo, and the next offset."""
    visits = await pool.fetchval(f"SELECT coalesce(max(visits), 0) FROM {names.public}.ports")  # noqa: S608
    offset = await pool.fetchval(f"SELECT max(next_offset) FROM {names.public}.progress WHERE projection = 'ports'")  # noqa: S608
    return visits, offset


async def test_a_projection_begins_where_the_log_does_and_goes_on_where_it_stands(seeding: Seeding) -> None:
    ports = seeding.tables["ports"]

    assert 40 == await ports.position(TOPIC, 0, 40)
    await ports.apply(TOPIC, 0, 40, 41, VISIT)
    assert 41 == await ports.position(TOPIC, 0, 40)


async def test_a_batch_that_another_has_already_taken_is_not_written(pool: Pool, seeding: Seeding) -> None:
    ports = seeding.tables["ports"]
    await ports.position(TOPIC, 0, 0)
    await ports.apply(TOPIC, 0, 0, 1, VISIT)

    with pytest.raises(OffsetMoved, match=r"ports: ship.events\[0\] is no longer at 0"):
        await ports.apply(TOPIC, 0, 0, 1, VISIT)
    assert (1, 1) == await _seen(pool, seeding.names)


async def test_of_eight_zombies_at_once_one_writes(pool: Pool, seeding: Seeding) -> None:
    zombies = [ProjectionTables(pool, seeding.names, PROJECTIONS["ports"]) for _ in range(8)]
    await zombies[0].position(TOPIC, 0, 0)

    tries = (zombie.apply(TOPIC, 0, 0, 1, VISIT) for zombie in zombies)
    outcomes = await asyncio.gather(*tries, return_exceptions=True)

    assert 7 == sum(isinstance(outcome, OffsetMoved) for outcome in outcomes)
    assert (1, 1) == await _seen(pool, seeding.names)


async def test_without_the_comparison_every_zombie_writes(
    pool: Pool, seeding: Seeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = seeding.tables["ports"]
    await ports.position(TOPIC, 0, 0)
    blind = vars(ports)["_move"].replace("AND next_offset = $3", "AND $3::bigint IS NOT NULL")
    monkeypatch.setattr(ports, "_move", blind)

    await asyncio.gather(*(ports.apply(TOPIC, 0, 0, 1, VISIT) for _ in range(8)))

    assert (8, 1) == await _seen(pool, seeding.names)


@asynccontextmanager
async def _held_up(pool: Pool, seeding: Seeding) -> AsyncIterator[tuple[asyncio.Task[None], int]]:
    """A batch that has moved the offset and waits for the lock of its table, and the process id of its connection."""
    ports = seeding.tables["ports"]
    await ports.position(TOPIC, 0, 0)
    waiting = """
        SELECT l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT l.granted AND n.nspname = $1
    """
    async with pool.acquire() as other, other.transaction():
        await other.execute(f"LOCK TABLE {seeding.names.tables(PROJECTIONS['ports'])}.ports")
        batch = asyncio.create_task(ports.apply(TOPIC, 0, 0, 1, VISIT))
        pid = None
        async with asyncio.timeout(20):
            while pid is None:
                pid = await pool.fetchval(waiting, f"{seeding.names.prefix}ports_v1")
        yield batch, pid


async def test_a_connection_lost_in_mid_transaction_leaves_nothing_behind(pool: Pool, seeding: Seeding) -> None:
    async with _held_up(pool, seeding) as (batch, pid):
        await pool.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises(StoreUnavailable):
            await batch
    assert (0, 0) == await _seen(pool, seeding.names)

    await seeding.tables["ports"].apply(TOPIC, 0, 0, 1, VISIT)
    assert (1, 1) == await _seen(pool, seeding.names)


async def test_a_projector_stopped_in_mid_transaction_leaves_nothing_behind(pool: Pool, seeding: Seeding) -> None:
    async with _held_up(pool, seeding) as (batch, _):
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch
    assert (0, 0) == await _seen(pool, seeding.names)


async def test_without_one_transaction_a_stopped_projector_loses_its_batch(
    pool: Pool, seeding: Seeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def each_statement_alone(_: Any) -> AsyncIterator[None]:
        yield

    monkeypatch.setattr("asyncpg.Connection.transaction", each_statement_alone)
    connection = await pool.acquire()
    try:
        await connection.execute("BEGIN")
        ports = seeding.tables["ports"]
        await ports.position(TOPIC, 0, 0)
        await connection.execute(f"LOCK TABLE {seeding.names.tables(PROJECTIONS['ports'])}.ports")
        batch = asyncio.create_task(ports.apply(TOPIC, 0, 0, 1, VISIT))
        async with asyncio.timeout(20):
            while await ports.position(TOPIC, 0, 0) == 0:
                pass
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch
        await connection.execute("ROLLBACK")
    finally:
        await pool.release(connection)

    assert (0, 1) == await _seen(pool, seeding.names)


async def test_rows_that_postgresql_refuses_are_not_waited_for(pool: Pool, seeding: Seeding) -> None:
    ports = seeding.tables["ports"]
    await ports.position(TOPIC, 0, 0)
    too_large = [Write("ports", ("port",), (), ("visits",), [("Oslo", 2**63)])]

    with pytest.raises(asyncpg.DataError, match="value out of int64 range"):
        await ports.apply(TOPIC, 0, 0, 1, too_large)
    assert (0, 0) == await _seen(pool, seeding.names)


async def test_sums_of_a_port_may_leave_the_range_of_a_bigint(pool: Pool, seeding: Seeding) -> None:
    ports = seeding.tables["ports"]
    await ports.position(TOPIC, 0, 0)
    loaded = [Write("ports", ("port",), (), ("loaded",), [("Oslo", 2**63)])]
    await ports.apply(TOPIC, 0, 0, 1, loaded)
    await ports.apply(TOPIC, 0, 1, 2, loaded)

    assert 2**64 == await pool.fetchval(f"SELECT loaded FROM {seeding.names.public}.ports")  # noqa: S608
