"""The questions that people ask of many ships, of ports, and of an account."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from service.postgres.fleet import _EVENTS
from tests.postgres.seeding import SEALED, Happening, Seeding

Fleet = dict[str, list[tuple[str, dict[str, Any]]]]

FLEET: Fleet = {
    "a": [("ShipRegistered", {"name": "Aurora"})],
    "b": [("ShipRegistered", {"name": "Aurelia"}), ("ShipDocked", {"port": "Oslo/ships"})],
    "c": [
        ("ShipRegistered", {"name": "Boreas"}),
        ("ShipDocked", {"port": "Oslo/ships"}),
        ("CargoLoaded", {"item": "tea", "quantity": 5, "port": "Oslo/ships"}),
    ],
    "d": [
        ("ShipRegistered", {"name": "Aur%ora"}),
        ("ShipDocked", {"port": "Oslo"}),
        ("CargoLoaded", {"item": "tea", "quantity": 5, "port": "Oslo"}),
        ("CargoLoaded", {"item": "salt", "quantity": 2**53 - 1, "port": "Oslo"}),
        ("CargoUnloaded", {"item": "tea", "quantity": 5, "port": "Oslo"}),
        ("ShipDeparted", {"departed_from": "Oslo"}),
    ],
}


@pytest.fixture
async def client(client: AsyncClient, seeding: Seeding) -> AsyncClient:
    for ship, events in FLEET.items():
        await seeding.events("ship", *[(ship, *event) for event in events])
    return client


async def _get(client: AsyncClient, path: str, **query: Any) -> Any:
    response = await client.get(path, params=query)
    assert 200 == response.status_code, response.text
    return response.json()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "abcd"),
        ({"status": "docked"}, "bc"),
        ({"status": "at sea"}, "d"),
        ({"port": "Oslo/ships"}, "bc"),
        ({"port": "Oslo"}, ""),
        ({"name": "Aur"}, "abd"),
        ({"name": "Aurora"}, "a"),
        ({"name": "Aur%"}, "d"),
        ({"name": "aur"}, ""),
        ({"item": "tea"}, "c"),
        ({"item": "salt"}, "d"),
        ({"item": "salt", "name": "Aur", "status": "at sea"}, "d"),
        ({"item": "salt", "port": "Oslo/ships"}, ""),
    ],
)
async def test_ships_by_what_they_are(client: AsyncClient, query: dict[str, str], expected: str) -> None:
    assert list(expected) == [ship["id"] for ship in (await _get(client, "/ships", **query))["items"]]


async def test_a_list_that_changes_meanwhile_repeats_and_misses_no_ship_that_stays(
    client: AsyncClient, seeding: Seeding
) -> None:
    first = await _get(client, "/ships", name="Aur", limit=1)
    await seeding.events("ship", ("aa", "ShipRegistered", {"name": "Aurum"}), ("0", "ShipRegistered", {"name": "Aur"}))
    rest = await _get(client, "/ships", name="Aur", cursor=first["next"])
    assert ["a", "aa", "b", "d"] == [ship["id"] for ship in first["items"] + rest["items"]]


async def test_the_fleet_as_it_was(client: AsyncClient) -> None:
    then = await _get(client, "/ships", at="2026-11-24T12:03:00Z")
    seen = [(ship["id"], ship["version"], ship["status"], ship["cargo"]) for ship in then["items"]]
    assert [
        ("a", 1, "registered", {}),
        ("b", 2, "docked", {}),
        ("c", 3, "docked", {"tea": 5}),
        ("d", 3, "docked", {"tea": 5}),
    ] == seen
    assert [] == (await _get(client, "/ships", at="2026-11-24T12:00:59Z"))["items"]
    page = await _get(client, "/ships", at="2026-11-24T12:01:00Z", limit=3)
    assert (["a", "b", "c"], "c") == ([ship["id"] for ship in page["items"]], page["next"])
    rest = await _get(client, "/ships", at="2026-11-24T12:01:00Z", cursor="c")
    assert (["d"], None) == ([ship["id"] for ship in rest["items"]], rest["next"])


async def test_a_page_of_long_histories_is_shorter_and_leads_on(client: AsyncClient, seeding: Seeding) -> None:
    long: list[Happening] = [("e", "ShipRegistered", {"name": "E"})]
    long += [("e", "ShipDocked", {"port": "Oslo"})] * _EVENTS
    await seeding.events("ship", *long, *[(f"e{number:02}", "ShipRegistered", {"name": "E"}) for number in range(50)])
    first = await _get(client, "/ships", at="2026-12-24T12:00:00Z")
    assert 20 == len(first["items"])
    rest = await _get(client, "/ships", at="2026-12-24T12:00:00Z", cursor=first["next"])
    ids = [ship["id"] for ship in first["items"] + rest["items"]]
    assert ([*"abcde", *(f"e{number:02}" for number in range(50))], None) == (ids, rest["next"])


async def test_what_goes_through_a_port_by_day_and_item(client: AsyncClient, seeding: Seeding) -> None:
    night: list[Happening] = [
        ("n", "ShipRegistered", {"name": "N"}),
        ("n", "ShipDocked", {"port": "Oslo"}),
        ("n", "CargoLoaded", {"item": "tea", "quantity": 7, "port": "Oslo"}),
        ("n", "CargoLoaded", {"item": "tea", "quantity": 1, "port": "Oslo"}),
    ]
    await seeding.events("ship", *night, minutes=(0, 1, 12 * 60 - 1, 12 * 60))
    through = await _get(client, "/throughput", port="Oslo")
    rows = [(row["day"], row["item"], row["loaded"], row["unloaded"]) for row in through["items"]]
    salt, tea = ("2026-11-24", "salt", 2**53 - 1, 0), ("2026-11-24", "tea", 12, 5)
    assert ([salt, tea, ("2026-11-25", "tea", 1, 0)], None) == (rows, through["next"])

    page = await _get(client, "/throughput", port="Oslo", limit=2)
    rest = await _get(client, "/throughput", port="Oslo", cursor=page["next"])
    assert through["items"] == page["items"] + rest["items"]
    one = await _get(client, "/throughput", port="Oslo", item="tea", since="2026-11-25", until="2026-11-25")
    assert [1] == [row["loaded"] for row in one["items"]]
    assert 404 == (await client.get("/throughput?port=Riga")).status_code
    assert 400 == (await client.get("/throughput?port=Oslo&cursor=tea")).status_code


async def test_a_statement_says_what_an_account_came_to_at_each_line(client: AsyncClient, seeding: Seeding) -> None:
    changes = [-30, 5, 2**53 - 1 - 75]
    await seeding.events(
        "user",
        ("7", "UserCreated", {"username": SEALED, "balance": 100}),
        *[("7", "UserBalanceChanged", {"balance_change": change}) for change in changes],
        ("7", "UserDeleted", {}),
    )
    whole = await _get(client, "/users/7/statement")
    lines = [(line["version"], line["change"], line["balance"]) for line in whole["items"]]
    last = 2**53 - 1
    assert [(1, 100, 100), (2, -30, 70), (3, 5, 75), (4, last - 75, last), (5, 0, None)] == lines
    assert (None, None) == (whole["balance_before"], whole["next"])

    page = await _get(client, "/users/7/statement", after=2, limit=1)
    assert (70, 3) == (page["balance_before"], page["next"])
    assert whole["items"][2:3] == page["items"]
    until = await _get(client, "/users/7/statement", until="2026-11-24T12:02:00Z")
    assert [100, 70] == [line["balance"] for line in until["items"]]
    assert 404 == (await client.get("/users/8/statement")).status_code


async def test_totals(client: AsyncClient, seeding: Seeding) -> None:
    for user, balance in (("7", 2**53 - 1), ("8", 2**53 - 1), ("9", 1)):
        await seeding.events("user", (user, "UserCreated", {"username": {}, "balance": balance}))
    await seeding.events("user", ("9", "UserDeleted", {}))
    expected = {
        "ships": {"at sea": 1, "docked": 2, "registered": 1},
        "cargo": {"salt": 2**53 - 1, "tea": 5},
        "ports": 2,
        "accounts": 2,
        "closed_accounts": 1,
        "balances": 2 * (2**53 - 1),
        "stale": False,
    }
    assert expected == await _get(client, "/totals")


async def test_who_asks_for_the_fleet_as_it_was_cannot_narrow_it(client: AsyncClient) -> None:
    response = await client.get("/ships?at=2026-11-24T12:03:00Z&port=Oslo")
    assert 400 == response.status_code
    assert "leave status, port, name and item out" in response.json()["detail"]
