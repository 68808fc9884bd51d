"""Rows and offset move together or not at all, whoever else is writing."""

from __future__ import annotations

import asyncio

import pytest

from service.postgres.pool import Pool
from service.postgres.projector import BuildTables
from service.projections import PROJECTIONS
from service.projections.batch import Batch
from service.projections.folding import Write
from service.projections.store import OffsetMoved, RowsRefused, Standing
from tests.postgres.seeding import Seeding
from tests.postgres.visits import START, TOPIC, VISIT, visits_and_offset


async def test_a_projection_begins_where_the_log_does_and_goes_on_where_it_stands(seeding: Seeding) -> None:
    ports = seeding.tables["ports"]

    assert Standing(40) == await ports.standing(TOPIC, 0, 40)
    assert Standing(41) == await ports.apply(TOPIC, 0, Standing(40), 41, VISIT)
    assert Standing(41) == await ports.standing(TOPIC, 0, 40)


async def test_a_batch_that_another_has_already_taken_is_not_written(pool: Pool, seeding: Seeding) -> None:
    ports = seeding.tables["ports"]
    await ports.standing(TOPIC, 0, 0)
    await ports.apply(TOPIC, 0, START, 1, VISIT)

    with pytest.raises(OffsetMoved, match=r"ports.v1: ship.events\[0\] is not where it was"):
        await ports.apply(TOPIC, 0, START, 1, VISIT)
    assert (1, 1) == await visits_and_offset(pool, seeding.names)


async def test_of_eight_zombies_at_once_one_writes(pool: Pool, seeding: Seeding) -> None:
    zombies = [BuildTables(pool, seeding.names, PROJECTIONS["ports"].build()) for _ in range(8)]
    await zombies[0].standing(TOPIC, 0, 0)

    tries = (zombie.apply(TOPIC, 0, START, 1, VISIT) for zombie in zombies)
    outcomes = await asyncio.gather(*tries, return_exceptions=True)

    assert 7 == sum(isinstance(outcome, OffsetMoved) for outcome in outcomes)
    assert (1, 1) == await visits_and_offset(pool, seeding.names)


async def test_without_the_comparison_every_zombie_writes(
    pool: Pool, seeding: Seeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = seeding.tables["ports"]
    await ports.standing(TOPIC, 0, 0)
    blind = vars(ports)["_move"].replace("AND next_offset = $3", "AND $3::bigint IS NOT NULL")
    monkeypatch.setattr(ports, "_move", blind)

    await asyncio.gather(*(ports.apply(TOPIC, 0, START, 1, VISIT) for _ in range(8)))

    assert (8, 1) == await visits_and_offset(pool, seeding.names)


async def test_a_row_may_be_new_and_changed_in_one_batch(pool: Pool, seeding: Seeding) -> None:
    ports = seeding.tables["ports"]
    await ports.standing(TOPIC, 0, 0)
    new = Write("ports", (), ("port", "visits"), (), [("Oslo", 1)])

    await ports.apply(TOPIC, 0, START, 1, Batch([new, *VISIT.writes]))

    assert (2, 1) == await visits_and_offset(pool, seeding.names)


async def test_rows_that_postgresql_refuses_are_not_waited_for(pool: Pool, seeding: Seeding) -> None:
    ports = seeding.tables["ports"]
    await ports.standing(TOPIC, 0, 0)
    too_large = Batch([Write("ports", ("port",), (), ("visits",), [("Oslo", 2**63)])])

    with pytest.raises(RowsRefused, match=r"DataError: .*value out of int64 range"):
        await ports.apply(TOPIC, 0, START, 1, too_large)
    assert (0, 0) == await visits_and_offset(pool, seeding.names)


async def test_sums_of_a_port_may_leave_the_range_of_a_bigint(pool: Pool, seeding: Seeding) -> None:
    ports = seeding.tables["ports"]
    await ports.standing(TOPIC, 0, 0)
    loaded = Batch([Write("ports", ("port",), (), ("loaded",), [("Oslo", 2**63)])])
    await ports.apply(TOPIC, 0, START, 1, loaded)
    await ports.apply(TOPIC, 0, Standing(1), 2, loaded)

    assert 2**64 == await pool.fetchval(f"SELECT loaded FROM {seeding.names.public}.ports")  # noqa: S608
