"""What waits behind a parked entity is taken in its order once the projection is mended, beside all else."""

from __future__ import annotations

import asyncio

import pytest

from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.redriving import Redriven
from service.projections import PROJECTIONS
from service.projections.store import OffsetMoved
from tests.event_records import Record
from tests.postgres.poisoned import Build, docked

MANY = 2_500  # more than one transaction takes


@pytest.fixture
async def ports(pool: Pool, names: Names) -> Build:
    build = Build(pool, names, PROJECTIONS["ports"])
    await build.prepare()
    return build


def _fleet(count: int, *ships: str) -> list[Record]:
    return [docked(offset, ships[offset % len(ships)]) for offset in range(count)]


async def test_all_that_waits_is_taken_and_nothing_is_parked_any_more(ports: Build) -> None:
    taking = await ports.take(_fleet(MANY * 2, "a", "b"), poison={"0"})
    assert ({"a"}, MANY) == (set(taking.standing.parked), len(await ports.rows("waiting")))

    assert Redriven(1, MANY) == await ports.redrive()

    assert [[], []] == [await ports.rows(table) for table in ("parked", "waiting")]
    assert [("Oslo", 2 * MANY, 0, 0)] == await ports.rows("ports")
    assert Redriven() == await ports.redrive()


async def test_what_fails_again_stays_from_there_on_with_its_new_reason(ports: Build) -> None:
    await ports.take(_fleet(10, "a", "b"), poison={"0", "1"})

    assert Redriven(1, 7) == await ports.redrive(poison={"4"})

    assert [("a", 4)] == [row[2:4] for row in await ports.rows("parked")]
    [still] = await ports.redriving().parked()
    assert ("a", 4, "RuntimeError: poison: 4", 3) == (still.entity_id, still.offset, still.reason, still.waiting)
    assert [("Oslo", 7, 0, 0)] == await ports.rows("ports")
    assert Redriven(1, 3) == await ports.redrive()
    assert [("Oslo", 10, 0, 0)] == await ports.rows("ports")


async def test_rows_that_postgresql_refuses_stay_and_all_before_them_are_taken(ports: Build) -> None:
    records = [docked(offset, f"ship-{offset % 7}") for offset in range(200)]
    records[100] = docked(100, "ship-2", "a\x00b")
    await ports.take(records, poison={str(offset) for offset in range(7)})

    done = await ports.redrive()

    assert (6, [("ship-2", 100)]) == (done.entities, [row[2:4] for row in await ports.rows("parked")])
    [still] = await ports.redriving().parked()
    assert still.reason.startswith("CharacterNotInRepertoireError: invalid byte sequence")
    assert 200 - still.waiting == done.messages
    assert [("Oslo", done.messages, 0, 0)] == await ports.rows("ports")


async def test_one_entity_is_redriven_and_the_others_wait(ports: Build) -> None:
    await ports.take(_fleet(9, "a", "b", "c"), poison={"0", "1", "2"})

    assert (3, Redriven(1, 3)) == (await ports.redriving().waiting("b"), await ports.redrive(only="b"))

    assert ["a", "c"] == [row[2] for row in await ports.rows("parked")]
    assert Redriven() == await ports.redrive(only="nobody")


async def test_a_running_projector_hears_of_it_by_the_turn_and_loses_nothing(ports: Build) -> None:
    taking = await ports.take(_fleet(4, "a", "b"), poison={"0"})
    assert Redriven(1, 2) == await ports.redrive()

    # It believes a to be parked still, and would have its messages wait for ever.
    with pytest.raises(OffsetMoved):
        await taking.take([docked(4, "a")], 5)
    assert 4 == await taking.begin(0)
    await taking.take([docked(4, "a")], 5)

    assert ([], [("Oslo", 5, 0, 0)]) == (await ports.rows("waiting"), await ports.rows("ports"))


async def test_without_the_turn_a_message_waits_for_nobody(ports: Build) -> None:
    taking = await ports.take(_fleet(4, "a", "b"), poison={"0"})
    await ports.redrive()
    schema = ports.names.tables(ports.projection.build())
    await ports.pool.execute(f"UPDATE {schema}.progress SET turn = turn - 1")  # noqa: S608

    await taking.take([docked(4, "a")], 5)

    assert (1, []) == (len(await ports.rows("waiting")), await ports.rows("parked"))


async def test_what_comes_meanwhile_for_a_parked_entity_is_taken_too(ports: Build) -> None:
    """A projector and redrives, all at once, and messages of the parked entity keep coming."""
    taking = await ports.take(_fleet(2_000, "a", "b"), poison={"0"})
    end = 6_000

    async def follow() -> None:
        at = 2_000
        while at < end:
            try:
                await taking.take([docked(offset, "ab"[offset % 2]) for offset in range(at, at + 50)], at + 50)
                at += 50
            except OffsetMoved:
                at = await taking.begin(0)

    await asyncio.gather(follow(), *(ports.redrive() for _ in range(3)))
    await ports.redrive()

    assert [[], []] == [await ports.rows(table) for table in ("parked", "waiting")]
    assert [("Oslo", end, 0, 0)] == await ports.rows("ports")


async def test_a_redrive_killed_anywhere_is_begun_again_and_takes_nothing_twice(ports: Build) -> None:
    await ports.take(_fleet(MANY * 2, "a", "b"), poison={"0", "1"})
    kill = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE $1 AND pid <> pg_backend_pid()"
    )
    done, killed = Redriven(), 0
    running = asyncio.create_task(ports.redriving().run(None, done, lambda: None))
    for _ in range(50):
        await asyncio.wait({running}, timeout=0.01)
        killed += await ports.pool.fetchval(kill, f"%{ports.names.prefix}%")
        if running.done():
            running.exception()
            running = asyncio.create_task(ports.redriving().run(None, done, lambda: None))
    running.cancel()
    await asyncio.wait({running})
    await ports.redrive()

    assert killed
    assert [[], []] == [await ports.rows(table) for table in ("parked", "waiting")]
    assert [("Oslo", MANY * 2, 0, 0)] == await ports.rows("ports")
