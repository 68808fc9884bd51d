"""Who reads what has been put aside is told so, and nobody else is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.queries import Queries
from service.projections import PROJECTIONS
from service.projections.answers import Incomplete
from tests.postgres.seeding import SEALED, Seeding


@pytest.fixture
async def client(client: AsyncClient, seeding: Seeding) -> AsyncClient:
    """The ship b has an event that neither `ships` nor `ports` nor a fold understands."""
    await seeding.events("ship", ("a", "ShipRegistered", {"name": "A"}), ("b", "ShipRegistered", {"name": "B"}))
    await seeding.events("ship", ("a", "ShipDocked", {"port": "Oslo"}), ("b", "ShipSunk", {}))
    await seeding.events("ship", ("b", "ShipDocked", {"port": "Oslo"}))
    await seeding.events("user", ("7", "UserCreated", {"username": SEALED, "balance": 100}))
    return client


async def _get(client: AsyncClient, path: str) -> Any:
    response = await client.get(path)
    assert 200 == response.status_code, response.text
    return response.json()


async def test_an_answer_is_stale_where_its_projection_has_parked_the_entity(client: AsyncClient) -> None:
    assert (2, False) == _version(await _get(client, "/ships/a"))
    assert (1, True) == _version(await _get(client, "/ships/b"))
    assert [False, True] == [ship["stale"] for ship in (await _get(client, "/ships"))["items"]]
    # The journal has it all.
    assert [1, 2, 3] == [event["version"] for event in (await _get(client, "/ships/b/events"))["items"]]
    for path in ("/ships/b/events", "/users/7", "/users/7/statement", "/users/7?version=1"):
        assert not (await _get(client, path))["stale"]


async def test_what_many_make_together_is_stale_where_any_of_them_is_parked(client: AsyncClient) -> None:
    assert (await _get(client, "/ports/Oslo"))["stale"]
    assert [True] == [port["stale"] for port in (await _get(client, "/ports"))["items"]]
    assert (await _get(client, "/totals"))["stale"]


async def test_a_page_is_stale_where_any_may_be_missing_from_it(client: AsyncClient) -> None:
    for path in (
        "/ships",
        "/ships?port=Oslo",
        "/ships?port=Riga",
        "/ports",
        "/ports?cursor=Z",
        "/throughput?port=Oslo",
    ):
        assert (await _get(client, path))["stale"], path


async def test_what_cannot_be_folded_holds_up_no_other_and_is_stale(client: AsyncClient) -> None:
    for path in ("/ships/b?version=3", "/ships/b?at=2026-12-01T00:00:00Z"):
        assert (1, True) == _version(await _get(client, path))
    fleet = await _get(client, "/ships?at=2026-12-01T00:00:00Z")
    assert [(2, False), (1, True)] == [_version(ship) for ship in fleet["items"]]
    assert fleet["stale"]
    assert not (await _get(client, "/ships?at=2026-11-24T12:01:00Z"))["stale"]


async def test_a_ship_of_which_nothing_can_be_folded_is_passed_over(client: AsyncClient, seeding: Seeding) -> None:
    await seeding.events("ship", ("aa", "ShipSunk", {}))
    then = "/ships?at=2026-12-01T00:00:00Z"
    assert ["a", "b"] == [ship["id"] for ship in (await _get(client, then))["items"]]
    pages = [await _get(client, f"{then}&limit=1&cursor={cursor}") for cursor in ("", "a", "aa")]
    assert [(["a"], "a", False), ([], "aa", True), (["b"], None, True)] == [
        ([ship["id"] for ship in page["items"]], page["next"], page["stale"]) for page in pages
    ]


async def test_a_line_that_cannot_be_folded_is_told_without_a_balance(client: AsyncClient, seeding: Seeding) -> None:
    await seeding.events("user", ("7", "UserBalanceChanged", {"by": 5}))
    statement = await _get(client, "/users/7/statement")
    assert statement["stale"]
    assert [(100, 100), (0, None)] == [(line["change"], line["balance"]) for line in statement["items"]]


async def test_what_cannot_be_folded_ends_the_reading_however_much_is_behind_it(
    client: AsyncClient, seeding: Seeding
) -> None:
    await seeding.events("ship", *[("b", "ShipDocked", {"port": "Oslo"})] * 1_000)
    for path in ("/ships/b?version=1000", "/ships/b?at=2026-12-01T00:00:00Z"):
        async with asyncio.timeout(30):
            assert (1, True) == _version(await _get(client, path))


async def test_answers_from_the_journal_are_stale_where_that_has_parked_the_entity(
    client: AsyncClient, pool: Pool, names: Names
) -> None:
    await _park_in_the_journal(pool, names)
    for path in ("/users/7/events", "/users/7/statement", "/users/7?version=1"):
        assert (await _get(client, path))["stale"]
    assert [100] == [line["balance"] for line in (await _get(client, "/users/7/statement"))["items"]]
    assert not (await _get(client, "/users/7"))["stale"]
    # No ship is missing from the fleet for that.
    fleet = "/ships?at=2026-11-24T12:01:00Z"
    assert not (await _get(client, fleet))["stale"]
    await _park_in_the_journal(pool, names, "ship", "d")
    assert (await _get(client, fleet))["stale"]


async def test_an_export_that_would_lack_events_of_a_parked_entity_is_refused(
    client: AsyncClient, queries: Queries, pool: Pool, names: Names
) -> None:
    assert client
    await _park_in_the_journal(pool, names)
    with pytest.raises(Incomplete, match=r"parked there: 1\).*`fairlead projections redrive journal`"):
        await anext(queries.export("user"))
    # What other projections have parked, and what the journal has of others, is no matter.
    assert 5 == len([event async for event in queries.export("ship")])


async def test_projections_count_what_each_build_has_parked(client: AsyncClient) -> None:
    builds = (await _get(client, "/projections"))["items"]
    assert {"ships": 1, "ports": 1} == {build["projection"]: build["parked"] for build in builds if build["parked"]}
    [ships] = [build for build in builds if build["projection"] == "ships"]
    assert (1, 1, True, 5) == (
        ships["version"],
        ships["build"],
        ships["current"],
        ships["partitions"][0]["next_offset"],
    )


async def _park_in_the_journal(pool: Pool, names: Names, aggregate: str = "user", entity_id: str = "7") -> None:
    parked = f"{names.tables(PROJECTIONS['journal'].build())}.parked"
    topic = f"{names.prefix}{aggregate}.events"
    await pool.execute(f"INSERT INTO {parked} VALUES ($1, 0, $2, 5, 'why')", topic, entity_id)  # noqa: S608


def _version(state: dict[str, Any]) -> tuple[int, bool]:
    return state["version"], state["stale"]
