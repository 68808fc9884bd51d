"""Builds at unequal offsets are compared as if they were at equal ones, and every difference is found."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from service.postgres.comparing import Compared, Side, compare
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.sight import Sight, open_sight
from service.projections.build import Build
from service.projections.projection import Projection
from service.projections.taking import Taking
from tests.event_records import Record
from tests.postgres.beside import SOURCE, TOPIC, Beside, voyage
from tests.postgres.ships_v2 import SHIPS, SHIPS_2

RECORDS = voyage(300, ships=40)
END = len(RECORDS)


@pytest.fixture
def beside(pool: Pool, names: Names, monkeypatch: pytest.MonkeyPatch) -> Beside:
    monkeypatch.setattr("service.postgres.comparing._RANGE_ROWS", 7)
    return Beside(pool, names)


@asynccontextmanager
async def _two_sights(beside: Beside, old: Build, new: Build) -> AsyncIterator[tuple[Sight, Sight]]:
    async with beside.pool.acquire() as connection:
        looking = connection.transaction(isolation="repeatable_read")
        await looking.start()
        yield await open_sight(connection, beside.names, old), await open_sight(connection, beside.names, new)
        await looking.rollback()


async def _bring(sight: Sight, code: Projection, records: Sequence[Record]) -> None:
    taking = Taking(code, SOURCE, sight, TOPIC, 0)
    begin = await taking.begin(0)
    for start in range(begin, len(records), 20):
        part = records[start : start + 20]
        await taking.take(part, part[-1].offset + 1)


async def _compared(  # noqa: PLR0913  # what is compared, and how
    beside: Beside, old: Build, new: Build, code: Projection = SHIPS, samples: int = 5, *, bring: bool = True
) -> Compared:
    told: list[int] = []
    async with _two_sights(beside, old, new) as sights:
        for sight, its in zip(sights, (SHIPS, code), strict=True):
            if bring:
                await _bring(sight, its, RECORDS)
        (seen, stands), (new_seen, new_stands) = [
            await sight.views(its) for sight, its in zip(sights, (SHIPS, code), strict=True)
        ]
        sides = Side(seen["ships"], stands["ships"]), Side(new_seen["ships"], new_stands["ships"])
        connection = sights[0]._connection  # noqa: SLF001
        compared = await compare(
            connection, "ships", ("ship_id",), *sides, samples, lambda _view, done, _total: told.append(done)
        )
    assert told == sorted(told)
    return compared


@pytest.mark.parametrize(("first", "second"), [(END, END), (END, 250), (250, END), (0, END), (10, 0), (0, 0)])
async def test_builds_of_the_same_events_are_the_same_wherever_they_stand(
    beside: Beside, first: int, second: int
) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS, 2)
    await beside.feed(SHIPS, old, RECORDS, first)
    await beside.feed(SHIPS, new, RECORDS, second)

    compared = await _compared(beside, old, new)

    assert (True, 40, 40, [], []) == (
        compared.same,
        compared.old_rows,
        compared.new_rows,
        compared.ranges,
        compared.samples,
    )
    assert (first, second) == (await beside.offset(old), await beside.offset(new))
    leftover = "SELECT count(*) FROM pg_namespace WHERE starts_with(nspname, $1)"
    assert 3 == await beside.pool.fetchval(leftover, beside.names.prefix)


async def test_without_bringing_them_level_there_are_false_differences(beside: Beside) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS, 2)
    await beside.feed(SHIPS, old, RECORDS, END)
    await beside.feed(SHIPS, new, RECORDS, 250)

    assert not (await _compared(beside, old, new, bring=False)).same


@pytest.mark.parametrize("second", [END, 200])
async def test_planted_differences_are_found_and_no_others(beside: Beside, second: int) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS, 2)
    await beside.feed(SHIPS, old, RECORDS, END)
    await beside.feed(SHIPS, new, RECORDS, second)
    tables = beside.names.tables(new)
    for damage in (
        f"UPDATE {tables}.ships SET name = NULL WHERE ship_id = 'ship-3'",  # noqa: S608
        f"UPDATE {tables}.cargo SET quantity = quantity + 1 WHERE ship_id = 'ship-17'",  # noqa: S608
        f"INSERT INTO {tables}.ships VALUES ('a stranger', 'X', 'docked', 'Oslo', 1), ('zz', '', NULL, NULL, 2)",  # noqa: S608
    ):
        await beside.pool.execute(damage)

    compared = await _compared(beside, old, new, samples=10)

    assert (2, 0, 2) == (compared.altered, compared.missing, compared.added)
    assert (40, 42) == (compared.old_rows, compared.new_rows)
    differing = {(row["old"] or row["new"])["ship_id"]: row for row in compared.samples}
    assert {"ship-3", "ship-17", "a stranger", "zz"} == differing.keys()
    assert ("Ship 3", None) == tuple(differing["ship-3"][side]["name"] for side in ("old", "new"))
    assert differing["zz"]["old"] is None
    assert 0 < len(compared.ranges) <= 4


async def test_a_row_that_is_gone_is_found(beside: Beside) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS, 2)
    for build in (old, new):
        await beside.feed(SHIPS, build, RECORDS, END)
    await beside.pool.execute(f"DELETE FROM {beside.names.tables(new)}.ships WHERE ship_id = 'ship-39'")  # noqa: S608

    compared = await _compared(beside, old, new, samples=0)

    assert (1, 0, 0, []) == (compared.missing, compared.added, compared.altered, compared.samples)


async def test_of_two_versions_the_columns_that_both_have_are_compared(beside: Beside) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS_2)
    await beside.feed(SHIPS, old, RECORDS, END)
    await beside.feed(SHIPS_2, new, RECORDS, 10)

    compared = await _compared(beside, old, new, SHIPS_2)

    assert ([], ["voyages"]) == (compared.only_old, compared.only_new)
    # The second version tells no cargo.
    assert (0, 0) == (compared.missing, compared.added)
    assert all({} == row["new"]["cargo"] != row["old"]["cargo"] for row in compared.samples)


async def test_rows_without_a_key_are_not_passed_over(beside: Beside) -> None:
    old, new = await beside.prepare(), await beside.add(SHIPS, 2)
    async with _two_sights(beside, old, new) as (sight, _):
        connection = sight._connection  # noqa: SLF001
        await connection.execute("CREATE TEMP VIEW o AS SELECT id FROM generate_series(1, 10) id")
        await connection.execute("CREATE TEMP VIEW n AS SELECT id FROM o UNION ALL SELECT NULL")
        compared = await compare(connection, "x", ("id",), Side("o", "o"), Side("n", "n"), 5, lambda *_: None)
    assert (False, 1, 11) == (compared.same, compared.unkeyed, compared.new_rows)
