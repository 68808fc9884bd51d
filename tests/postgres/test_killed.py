"""A projector killed in mid-transaction leaves nothing behind, neither rows nor offset."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from service.postgres.pool import Pool
from service.postgres.projector import BuildTables
from service.projections import PROJECTIONS
from service.projections.store import Standing, StoreUnavailable
from tests.postgres.seeding import Seeding
from tests.postgres.visits import START, TOPIC, VISIT, visits_and_offset


@asynccontextmanager
async def _held_up(pool: Pool, seeding: Seeding) -> AsyncIterator[tuple[asyncio.Task[Standing], int]]:
    """A batch that has moved the offset and waits for the lock of its table, and the process id of its connection."""
    ports = seeding.tables["ports"]
    await ports.standing(TOPIC, 0, 0)
    waiting = """
        SELECT l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT l.granted AND n.nspname = $1
    """
    async with pool.acquire() as other, other.transaction():
        await other.execute(f"LOCK TABLE {seeding.names.tables(PROJECTIONS['ports'].build())}.ports")
        batch = asyncio.create_task(ports.apply(TOPIC, 0, START, 1, VISIT))
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
    assert (0, 0) == await visits_and_offset(pool, seeding.names)

    await seeding.tables["ports"].apply(TOPIC, 0, START, 1, VISIT)
    assert (1, 1) == await visits_and_offset(pool, seeding.names)


async def test_a_projector_stopped_in_mid_transaction_leaves_nothing_behind(pool: Pool, seeding: Seeding) -> None:
    async with _held_up(pool, seeding) as (batch, _):
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch
    assert (0, 0) == await visits_and_offset(pool, seeding.names)


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
        await ports.standing(TOPIC, 0, 0)
        await connection.execute(f"LOCK TABLE {seeding.names.tables(PROJECTIONS['ports'].build())}.ports")
        batch = asyncio.create_task(ports.apply(TOPIC, 0, START, 1, VISIT))
        async with asyncio.timeout(20):
            while await ports.standing(TOPIC, 0, 0) == START:
                pass
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch
        await connection.execute("ROLLBACK")
    finally:
        await pool.release(connection)

    assert (0, 1) == await visits_and_offset(pool, seeding.names)


async def _frozen(pool: Pool, seeding: Seeding, connection: Any) -> None:
    """A projector that has moved the offset, written, and then stands still."""
    ports = BuildTables(pool, seeding.names, PROJECTIONS["ports"].build())
    await ports.standing(TOPIC, 0, 0)
    await connection.execute("BEGIN")
    await connection.fetchrow(vars(ports)["_move"], TOPIC, 0, 0, 0, 1, seeding.names.channel, "ports")
    await ports.write(connection, VISIT)


async def test_one_frozen_in_mid_transaction_holds_up_others_for_a_bounded_time(
    pool: Pool, seeding: Seeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.postgres.projector.FROZEN_MS", 500)
    async with pool.acquire() as connection:
        await _frozen(pool, seeding, connection)

        async with asyncio.timeout(20):
            await seeding.tables["ports"].apply(TOPIC, 0, START, 1, VISIT)

        assert (1, 1) == await visits_and_offset(pool, seeding.names)
        with pytest.raises(asyncpg.InterfaceError):
            await connection.execute("COMMIT")


async def test_without_the_bound_the_partition_waits_for_the_frozen_one(
    pool: Pool, seeding: Seeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.postgres.projector.FROZEN_MS", 0)
    async with pool.acquire() as connection:
        await _frozen(pool, seeding, connection)

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(seeding.tables["ports"].apply(TOPIC, 0, START, 1, VISIT), 2)
        await connection.execute("ROLLBACK")
