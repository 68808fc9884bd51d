"""A projector killed in mid-transaction leaves nothing behind, neither rows nor offset."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import pytest

from service.postgres.pool import Pool
from service.postgres.projector import BuildTables
from service.projections import PROJECTIONS
from service.projections.batch import Batch
from service.projections.store import Standing, StoreUnavailable
from tests.postgres.seeding import Seeding
from tests.postgres.visits import LARGE, START, TOPIC, VISIT, visits_and_offset

NOTHING = Batch()
BOTH = pytest.mark.parametrize("batch", [VISIT, LARGE], ids=["one statement", "step by step"])


@asynccontextmanager
async def _held_up(pool: Pool, seeding: Seeding, batch: Batch) -> AsyncIterator[tuple[asyncio.Task[Standing], int]]:
    """A batch that is begun and waits for the lock of its table, and the process id of its connection."""
    ports = seeding.tables["ports"]
    await ports.standing(TOPIC, 0, 0)
    waiting = """
        SELECT l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT l.granted AND n.nspname = $1
    """
    async with pool.acquire() as other, other.transaction():
        await other.execute(f"LOCK TABLE {seeding.names.tables(PROJECTIONS['ports'].build())}.ports")
        applying = asyncio.create_task(ports.apply(TOPIC, 0, START, 1, batch))
        pid = None
        async with asyncio.timeout(20):
            while pid is None:
                pid = await pool.fetchval(waiting, f"{seeding.names.prefix}ports_v1")
        yield applying, pid


@BOTH
async def test_a_connection_lost_in_mid_transaction_leaves_nothing_behind(
    pool: Pool, seeding: Seeding, batch: Batch
) -> None:
    async with _held_up(pool, seeding, batch) as (applying, pid):
        await pool.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises(StoreUnavailable):
            await applying
    assert (0, 0) == await visits_and_offset(pool, seeding.names)

    await seeding.tables["ports"].apply(TOPIC, 0, START, 1, batch)
    assert (1, 1) == await visits_and_offset(pool, seeding.names)


@BOTH
async def test_a_projector_stopped_in_mid_transaction_leaves_nothing_behind(
    pool: Pool, seeding: Seeding, batch: Batch
) -> None:
    async with _held_up(pool, seeding, batch) as (applying, _):
        applying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await applying
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
        batch = asyncio.create_task(ports.apply(TOPIC, 0, START, 1, LARGE))
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


@asynccontextmanager
async def _frozen(pool: Pool, seeding: Seeding, *, copying: bool) -> AsyncIterator[Any]:
    """The connection of a projector that has moved the offset, and then stands still before or while it copies rows."""
    journal, schema = seeding.tables["journal"], seeding.names.tables(PROJECTIONS["journal"].build())
    await journal.standing(TOPIC, 0, 0)
    async with pool.acquire() as connection:
        await connection.execute("BEGIN")
        moved = BuildTables(pool, seeding.names, PROJECTIONS["journal"].build())
        await connection.fetchrow(vars(moved)["_move"], TOPIC, 0, 0, 0, 1, seeding.names.channel, "journal")
        copy = asyncio.create_task(_copy_nothing(connection, schema)) if copying else None
        try:
            yield connection
        finally:
            if copy:
                copy.cancel()
                await asyncio.wait({copy})
            with suppress(asyncpg.InterfaceError):  # ended meanwhile
                await connection.execute("ROLLBACK")


async def _copy_nothing(connection: Any, schema: str) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    await connection.copy_to_table("journal", schema_name=schema.strip('"'), source=nothing(), format="binary")


FROZEN = pytest.mark.parametrize("copying", [False, True], ids=["between statements", "in COPY"])


@FROZEN
async def test_one_frozen_in_mid_transaction_holds_up_others_for_a_bounded_time(
    pool: Pool, seeding: Seeding, monkeypatch: pytest.MonkeyPatch, *, copying: bool
) -> None:
    monkeypatch.setattr("service.postgres.projector.FROZEN_MS", 500)
    async with _frozen(pool, seeding, copying=copying) as connection:
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        other = BuildTables(pool, seeding.names, PROJECTIONS["journal"].build())
        async with asyncio.timeout(20):
            while await other.standing(TOPIC, 0, 0) == START:
                with suppress(StoreUnavailable):
                    await other.apply(TOPIC, 0, START, 1, NOTHING)

            assert Standing(1) == await other.standing(TOPIC, 0, 0)
            await ended.wait()


@FROZEN
async def test_without_the_bound_the_partition_waits_for_the_frozen_one(
    pool: Pool, seeding: Seeding, monkeypatch: pytest.MonkeyPatch, *, copying: bool
) -> None:
    monkeypatch.setattr("service.postgres.projector.FROZEN_MS", 500 if copying else 0)
    monkeypatch.setattr("service.postgres.projector.end_frozen", _leave_be)
    async with _frozen(pool, seeding, copying=copying):
        other = BuildTables(pool, seeding.names, PROJECTIONS["journal"].build())
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await other.apply(TOPIC, 0, START, 1, NOTHING)


async def _leave_be(*_: Any) -> None:
    """What ends nobody."""
