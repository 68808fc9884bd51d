"""Who reads what has been put aside is told so, and nobody else is."""

from __future__ import annotations

import asyncio
import re
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


async def test_what_was_put_aside_is_not_called_unknown(client: AsyncClient, seeding: Seeding) -> None:
    await seeding.events("ship", ("c", "ShipSunk", {}))
    redrive = "a fault .* `fairlead projections list` .* `fairlead projections redrive %s` has them taken"
    for path, told in {
        "/ships/c": f"Ship with ID c not found, but {redrive % 'ships'}",
        "/ports/Riga": f"No ship has docked at Riga, but {redrive % 'ports'}",
        "/throughput?port=Riga": f"No ship has docked at Riga, but {redrive % 'ports'}",
        "/ships/c?version=1": "Ship with ID c not found, but this release .* its events",
    }.items():
        problem = (await client.get(path)).json()
        assert (404, True) == (problem["status"], problem["stale"]), path
        assert re.match(told, problem["detail"]), problem["detail"]
    for path in ("/ships/d", "/ships/d/events", "/users/c"):
        problem = (await client.get(path)).json()
        assert (404, False) == (problem["status"], problem["stale"]), path


async def test_nobody_is_told_to_ask_again_for_a_version_that_was_put_aside(client: AsyncClient) -> None:
    aside, late = [await client.get(path) for path in ("/ships/b?min_version=3&wait=0.05", "/ships/a?min_version=3")]
    assert [(503, True, 1), (503, False, 2)] == [
        (response.status_code, response.json()["stale"], response.json()["reached_version"])
        for response in (aside, late)
    ]
    assert ["60", "1"] == [response.headers.get("Retry-After") for response in (aside, late)]
    assert re.match("The projection has version 1, but .* redrive ships`", aside.json()["detail"])
    # The journal has it.
    assert 200 == (await client.get("/ships/b/events?min_version=3")).status_code


async def test_an_outcome_that_may_have_been_put_aside_is_not_called_unknown(
    client: AsyncClient, seeding: Seeding
) -> None:
    await seeding.reply("ship", "a", "first", status="busy")
    assert not (await _get(client, "/commands/first"))["stale"]
    assert not (await client.get("/commands/second")).json()["stale"]
    # A reply without a status parks its ship.
    await seeding.reply("ship", "b", "second")
    await seeding.reply("ship", "b", "third", status="accepted")
    for path in ("/commands/second", "/commands/third?wait=0.05"):
        problem = (await client.get(path)).json()
        assert (404, True) == (problem["status"], problem["stale"])
        assert re.match("No outcome .* is known, but .* redrive outcomes`", problem["detail"])
    assert (await _get(client, "/commands/first"))["stale"]


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


async def test_no_page_behind_a_line_that_cannot_be_folded_has_a_balance(client: AsyncClient, seeding: Seeding) -> None:
    await seeding.events("user", ("7", "UserBalanceChanged", {"by": 5}))
    await seeding.events("user", *[("7", "UserBalanceChanged", {"balance_change": 10})] * 2)
    for after in (2, 3):
        page = await _get(client, f"/users/7/statement?after={after}")
        assert page["stale"]
        assert {None} == {page["balance_before"], *(line["balance"] for line in page["items"])}


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


async def test_what_the_journal_has_parked_from_its_first_event_on_is_not_called_unknown(
    client: AsyncClient, pool: Pool, names: Names
) -> None:
    await _park_in_the_journal(pool, names, "user", "8")
    await _park_in_the_journal(pool, names, "ship", "d")
    for path in ("/users/8/events", "/users/8/statement", "/users/8?version=1", "/ships/d?at=2026-12-01T00:00:00Z"):
        problem = (await client.get(path)).json()
        assert (404, True) == (problem["status"], problem["stale"]), path
        assert "redrive journal`" in problem["detail"]
    for path in ("/users/8/events", "/users/8/statement", "/users/8?version=1"):
        late = await client.get(path + ("&" if "?" in path else "?") + "min_version=1")
        assert (503, True, "60") == (late.status_code, late.json()["stale"], late.headers.get("Retry-After"))


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
