"""Any moment of a history of any length, folded on from states that are kept between its events."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from service.domain import AGGREGATES
from service.postgres.folded import FOLDINGS
from service.postgres.keeper import Keeper
from service.postgres.moments import Moments
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.public import Public
from service.postgres.queries import Queries
from service.postgres.signals import Signals
from service.projections import PROJECTIONS
from service.projections.journal import KEPT_EVERY
from service.projections.questions import Span, Then
from tests.event_records import NOON
from tests.postgres.seeding import Happening, Seeding
from tests.running import beside

JOURNAL = PROJECTIONS["journal"].build()
LENGTH = 3 * KEPT_EVERY + KEPT_EVERY // 2
SECONDS = 20.0


def _history(chance: random.Random, ship: str) -> list[Happening]:
    """Events that may follow each other."""
    happenings: list[Happening] = [(ship, "ShipRegistered", {"name": ship}), (ship, "ShipDocked", {"port": "Oslo"})]
    for _ in range(LENGTH - 2):
        item = chance.choice(["tea", "salt", "coal"])
        happenings.append((ship, "CargoLoaded", {"item": item, "quantity": chance.randint(1, 9), "port": "Oslo"}))
    return happenings


def _minutes(chance: random.Random) -> list[int]:
    """Times that go back now and then, as those of imported events may."""
    return [place + chance.randint(-40, 40) for place in range(LENGTH)]


def _expected(happenings: list[Happening], minutes: list[int]) -> list[tuple[datetime, dict[str, Any] | None]]:
    """The running maximum of times and the state, of each version."""
    rules, state, found = AGGREGATES["ship"], AGGREGATES["ship"].initial, []
    for place, (_, type_, data) in enumerate(happenings):
        state = rules.evolve(state, rules.read_event(type_, data))
        found.append((NOON + timedelta(minutes=max(minutes[: place + 1])), rules.render(state)))
    return found


@pytest.fixture
def keeper(pool: Pool, names: Names, signals: Signals, seeding: Seeding) -> Keeper:
    assert seeding
    return Keeper(pool, names, JOURNAL, signals)


async def _keep_all(keeper: Keeper) -> int:
    kept = 0
    while await keeper.keep_one():
        kept += 1
    return kept


async def _kept(pool: Pool, names: Names) -> list[tuple[str, int]]:
    rows = await pool.fetch(f"SELECT entity_id, version FROM {names.public}.kept ORDER BY 1, 2")  # noqa: S608
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("seed", range(3))
async def test_each_moment_is_what_all_events_up_to_it_make(
    queries: Queries, seeding: Seeding, keeper: Keeper, seed: int
) -> None:
    chance = random.Random(seed)
    happenings, minutes = _history(chance, "aurora"), _minutes(chance)
    await seeding.events("ship", *happenings, minutes=minutes)
    expected = _expected(happenings, minutes)
    versions = {1, 2, LENGTH, *chance.sample(range(1, LENGTH), 20)}
    versions |= {place * KEPT_EVERY + by for place in (1, 2, 3) for by in (-1, 0, 1)}

    for keep in (False, True):
        if keep:
            assert 3 == await _keep_all(keeper)
        for version in sorted(versions):
            reached, state = expected[version - 1]
            assert state == (await queries.state("ship", "aurora", Then(version=version))).fields
            last = max(place for place, (time, _) in enumerate(expected, 1) if time <= reached)
            then = await queries.state("ship", "aurora", Then(at=reached))
            assert (last, expected[last - 1][1]) == (then.version, then.fields)
            page = await queries.events("ship", "aurora", Span(500, max(0, last - 5), reached))
            assert list(range(max(0, last - 5) + 1, last + 1)) == [event["version"] for event in page.items]


async def test_no_more_events_are_folded_than_lie_between_two_kept_states(
    pool: Pool, names: Names, seeding: Seeding, keeper: Keeper
) -> None:
    await seeding.events("ship", *_history(random.Random(1), "aurora"))
    moments = Moments(Public(pool, names))
    last: list[datetime | int] = [LENGTH, NOON + timedelta(days=9), 3 * KEPT_EVERY, 2 * KEPT_EVERY - 1]

    async def since(moment: datetime | int) -> int:
        return (await moments.states("ship", ["aurora"], moment))["aurora"].since

    assert [LENGTH, LENGTH, 3 * KEPT_EVERY, 2 * KEPT_EVERY - 1] == [await since(moment) for moment in last]
    await _keep_all(keeper)
    assert [KEPT_EVERY // 2, KEPT_EVERY // 2, 0, KEPT_EVERY - 1] == [await since(moment) for moment in last]


async def test_states_that_other_code_folded_are_not_believed_and_made_anew(
    pool: Pool, names: Names, queries: Queries, seeding: Seeding, keeper: Keeper
) -> None:
    await seeding.events("ship", *_history(random.Random(1), "aurora"))
    await _keep_all(keeper)
    right = await queries.state("ship", "aurora", Then(version=LENGTH))
    kept = f"{names.tables(JOURNAL)}.kept"
    await pool.execute(f"""UPDATE {kept} SET fold = 'another', state = '["AtSea", {{"name": "?", "cargo": {{}}}}]'""")  # noqa: S608

    assert right == await queries.state("ship", "aurora", Then(version=LENGTH))
    await keeper.forget_others()
    assert 3 == await _keep_all(keeper)
    assert {FOLDINGS["ship"].fold} == {row["fold"] for row in await pool.fetch(f"SELECT fold FROM {kept}")}  # noqa: S608


async def test_kept_states_that_are_damaged_are_not_believed_and_made_anew(
    pool: Pool, names: Names, queries: Queries, seeding: Seeding, keeper: Keeper
) -> None:
    await seeding.events("ship", *_history(random.Random(1), "aurora"))
    await _keep_all(keeper)
    schema, versions = names.tables(JOURNAL), [KEPT_EVERY, 2 * KEPT_EVERY, 3 * KEPT_EVERY]
    right = [await queries.state("ship", "aurora", Then(version=version)) for version in versions]
    whole = await pool.fetch(f"SELECT version, state FROM {schema}.kept ORDER BY 1")  # noqa: S608
    for version, state in zip(versions, ["7", '["Adrift", {}]', '["Docked", {}]'], strict=True):
        await pool.execute(f"UPDATE {schema}.kept SET state = '{state}' WHERE version = {version}")  # noqa: S608

    assert right == [await queries.state("ship", "aurora", Then(version=version)) for version in versions]
    await pool.execute(f"INSERT INTO {schema}.due VALUES ('ship', 'aurora', {versions[-1]})")  # noqa: S608
    assert 1 == await _keep_all(keeper)
    assert whole == await pool.fetch(f"SELECT version, state FROM {schema}.kept ORDER BY 1")  # noqa: S608


async def test_what_a_later_release_has_due_waits_for_it_and_holds_up_no_other(
    pool: Pool, names: Names, seeding: Seeding, keeper: Keeper
) -> None:
    await pool.execute(f"INSERT INTO {names.tables(JOURNAL)}.due VALUES ('crane', 'a', 50)")  # noqa: S608
    await seeding.events("ship", *_history(random.Random(1), "b"))

    assert 3 == await _keep_all(keeper)
    assert [("a", KEPT_EVERY)] == await _due(pool, names)


async def test_what_other_code_folded_is_forgotten_in_portions_each_for_good(
    pool: Pool, names: Names, seeding: Seeding, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.postgres.keeper._AT_ONCE", 2)
    for ship in ("a", "b"):
        await seeding.events("ship", *_history(random.Random(1), ship))
    await _keep_all(keeper)
    schema = names.tables(JOURNAL)
    await pool.execute(f"UPDATE {schema}.kept SET fold = 'another' WHERE (entity_id, version) <> ('a', {KEPT_EVERY})")  # noqa: S608

    async with asyncio.timeout(SECONDS):
        async with pool.acquire() as other, other.transaction():
            await other.execute(f"SELECT FROM {schema}.kept WHERE (entity_id, version) = ('b', 150) FOR UPDATE")
            forgetting = asyncio.create_task(keeper.forget_others())
            while [("a", 100), ("a", 150), ("b", 50)] != await _due(pool, names):
                pass
            assert not forgetting.done()
        await forgetting
    assert [("a", KEPT_EVERY)] == await _kept(pool, names)
    assert 5 == await _keep_all(keeper)


async def _due(pool: Pool, names: Names) -> list[tuple[str, int]]:
    rows = await pool.fetch(f"SELECT entity_id, version FROM {names.tables(JOURNAL)}.due ORDER BY 1, 2")  # noqa: S608
    return [tuple(row) for row in rows]


async def test_several_keepers_share_what_is_due_and_it_survives_their_end_at_any_point(
    pool: Pool, names: Names, queries: Queries, seeding: Seeding, keeper: Keeper
) -> None:
    ships = [f"ship-{number}" for number in range(4)]
    for ship in ships:
        await seeding.events("ship", *_history(random.Random(7), ship))
    for pause in range(10):
        rounds = [asyncio.create_task(_keep_all(keeper)) for _ in range(3)]
        await asyncio.sleep(pause / 100)  # wherever they are by then
        for one in rounds:
            one.cancel()
        await asyncio.wait(rounds)
    await _keep_all(keeper)

    assert [(ship, KEPT_EVERY * place) for ship in ships for place in (1, 2, 3)] == await _kept(pool, names)
    expected = _expected(_history(random.Random(7), "ship-2"), list(range(LENGTH)))
    for version in range(KEPT_EVERY, LENGTH, KEPT_EVERY):
        assert expected[version - 1][1] == (await queries.state("ship", "ship-2", Then(version=version))).fields


async def test_nothing_that_is_due_is_lost_however_postgresql_plans_the_look(
    pool: Pool, names: Names, seeding: Seeding, keeper: Keeper
) -> None:
    """What it once knew to be empty it looks into again for each row."""
    await pool.execute(f"VACUUM ANALYZE {names.tables(JOURNAL)}.due")
    assert 0 == await _keep_all(keeper)
    ships = [f"ship-{number}" for number in range(4)]
    for ship in ships:
        await seeding.events("ship", *_history(random.Random(7), ship))

    assert 12 == await _keep_all(keeper)
    assert [(ship, KEPT_EVERY * place) for ship in ships for place in (1, 2, 3)] == await _kept(pool, names)


async def test_a_keeper_follows_the_journal_over_lost_connections(
    pool: Pool, names: Names, seeding: Seeding, keeper: Keeper
) -> None:
    async with asyncio.timeout(SECONDS), beside(keeper.run()):
        for ship in ("a", "b"):
            await seeding.events("ship", *_history(random.Random(3), ship))
            while (ship, 3 * KEPT_EVERY) not in await _kept(pool, names):
                pass
            query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query ILIKE 'LISTEN %'"
            await pool.execute(query)
        assert [True] == [part.ready for part in keeper.status()]


async def test_a_history_that_cannot_be_folded_holds_up_no_other(
    pool: Pool, names: Names, seeding: Seeding, keeper: Keeper
) -> None:
    broken = [("a", "ShipDocked", {"port": "Oslo"})] * LENGTH
    await seeding.events("ship", *broken)
    await seeding.events("ship", *_history(random.Random(3), "b"))

    await _keep_all(keeper)
    assert [("b", KEPT_EVERY * place) for place in (1, 2, 3)] == await _kept(pool, names)
