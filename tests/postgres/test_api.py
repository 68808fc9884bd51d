"""What a client of the HTTP API gets, over real rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response

from service.api import create_api
from service.postgres.keys import PostgresKeys, prepare_keys
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.queries import Queries
from service.postgres.signals import Signals
from tests.event_records import COMMAND
from tests.postgres.seeding import Seeding


@pytest.fixture
async def client(pool: Pool, names: Names) -> AsyncIterator[AsyncClient]:
    await prepare_keys(pool, names)
    queries = Queries(pool, names, PostgresKeys(pool, names), Signals(pool, names), show_personal_data=False)
    async with AsyncClient(transport=ASGITransport(create_api(queries)), base_url="http://fairlead") as client:
        yield client


@pytest.fixture
async def fleet(seeding: Seeding) -> Seeding:
    await seeding.events("ship", ("a", "ShipRegistered", {"name": "A"}), ("a", "ShipDocked", {"port": "Oslo/Ø"}))
    await seeding.events("ship", ("a", "CargoLoaded", {"item": "tea", "quantity": 2**53 - 1, "port": "Oslo/Ø"}))
    await seeding.events("ship", ("b", "ShipRegistered", {"name": "B"}), ("c", "ShipRegistered", {"name": "C"}))
    await seeding.events("user", ("7", "UserCreated", {"username": {"alg": "A256GCM"}, "balance": 100}))
    await seeding.events("user", ("8", "UserCreated", {"username": {"alg": "A256GCM"}, "balance": 1}))
    await seeding.events("user", ("8", "UserDeleted", {}))
    await seeding.reply("ship", "a", COMMAND, status="accepted")
    return seeding


@pytest.mark.usefixtures("fleet")
async def test_states_now_and_then(client: AsyncClient) -> None:
    now = (await client.get("/ships/a")).json()
    cargo = {"tea": 2**53 - 1}
    docked = {
        "id": "a",
        "version": 3,
        "name": "A",
        "status": "docked",
        "current_port": "Oslo/Ø",
        "cargo": cargo,
        "stale": False,
    }
    assert docked == now
    assert 1 == (await client.get("/ships/a?version=1")).json()["version"]
    assert 2 == (await client.get("/ships/a?at=2026-11-24T13:02:00+01:00")).json()["version"]
    user = {"id": "7", "version": 1, "username": "[protected]", "balance": 100, "stale": False}
    assert user == (await client.get("/users/7")).json()


@pytest.mark.usefixtures("fleet")
async def test_events_as_they_were_published(client: AsyncClient) -> None:
    page = (await client.get("/ships/a/events?after=1&limit=1")).json()

    event_id = page["items"][0].pop("event_id")
    assert 36 == len(event_id)
    event = {
        "type": "ShipDocked",
        "version": 2,
        "time": "2026-11-24T12:02:00.000Z",
        "entity_id": "a",
        "data": {"port": "Oslo/Ø"},
        "causation_id": COMMAND,
        "correlation_id": None,
    }
    assert {"items": [event], "next": 2, "stale": False} == page
    assert None is (await client.get("/ships/a/events?after=2")).json()["next"]
    users = (await client.get("/users/8/events?until=2026-11-24T12:01:00Z")).json()["items"]
    assert [("UserCreated", "[erased]")] == [(item["type"], item["data"]["username"]) for item in users]


@pytest.mark.usefixtures("fleet")
async def test_lists_page_to_their_end(client: AsyncClient) -> None:
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page: dict[str, Any] = (await client.get("/ships", params={"limit": 2, "cursor": cursor})).json()
        ids += [ship["id"] for ship in page["items"]]
        cursor = page["next"]
    assert ["a", "b", "c"] == ids

    port = {"port": "Oslo/Ø", "ships_now": 1, "visits": 1, "loaded": 2**53 - 1, "unloaded": 0, "stale": False}
    assert {"items": [port], "next": None, "stale": False} == (await client.get("/ports")).json()
    assert port == (await client.get("/ports/Oslo%2FØ")).json()


@pytest.mark.usefixtures("fleet")
async def test_overviews(client: AsyncClient) -> None:
    [outcome] = (await client.get(f"/commands/{COMMAND}")).json()["items"]
    assert ("a", "accepted", "2026-11-24T12:00:00.000Z") == (outcome["entity_id"], outcome["status"], outcome["time"])
    projections = {row["projection"] for row in (await client.get("/projections")).json()["items"]}
    assert {"ships", "ports", "accounts", "journal", "outcomes", "erasures"} == projections
    for path in ("/healthz", "/readyz", "/openapi.json", "/docs"):
        assert 200 == (await client.get(path)).status_code
    await client.get("/ships/a")
    assert 'route="/ships/{id}"' in (await client.get("/metrics")).text


def _problem(response: Response) -> tuple[int, Any]:
    body = response.json()
    assert "application/problem+json" == response.headers["content-type"]
    assert (response.status_code, "about:blank") == (body["status"], body["type"])
    return response.status_code, body["detail"]


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/ships/x", 404, "Ship with ID x not found"),
        ("/ships/a?version=9", 404, "Ship with ID a has no version 9"),
        ("/ships/x/events", 404, "Ship with ID x not found"),
        ("/ports/Riga", 404, "No ship has docked at Riga"),
        ("/commands/x", 404, "No outcome of command x is known"),
        ("/nothing", 404, "Not Found"),
        ("/users/8", 410, "User with ID 8 was deleted"),
        ("/ships/a?version=1&at=2026-11-24T12:00:00Z", 400, "at, version: ask for one of them"),
        ("/ships?limit=501", 400, "limit: Input should be less than or equal to 500"),
        ("/ships/a?at=2026-11-24T12:00:00", 400, "at: Value error, must be a time as of RFC 3339"),
        ("/ships?at=20261124", 400, "at: Value error, must be a time as of RFC 3339"),
        ("/ships/a/events?until=1795521600", 400, "until: Value error, must be a time as of RFC 3339"),
        ("/ships/a?at=0001-01-01T00:00:00%2B14:00", 400, "at: Value error, must be within the years 1 to 9999 in UTC"),
        ("/ships?at=9999-12-31T23:59:59-14:00", 400, "at: Value error, must be within the years 1 to 9999 in UTC"),
        (
            "/ships/a/events?until=9999-12-31T23:59:59-14:00",
            400,
            "until: Value error, must be within the years 1 to 9999 in UTC",
        ),
        ("/ships/a%00b", 400, "id: String should match pattern '^[^\\x00]*$'"),
        ("/ships/a?min_version=4", 503, "The projection has version 3"),
    ],
)
async def test_what_is_wrong_is_told_as_a_problem(client: AsyncClient, path: str, status: int, detail: str) -> None:
    response = await client.get(path)

    assert (status, detail) == _problem(response)
    assert ("Retry-After" in response.headers) == (status == 503)


async def test_before_the_first_projector_the_api_is_not_there_yet(client: AsyncClient) -> None:
    response = await client.get("/ships/a")

    assert 503 == _problem(response)[0]
    assert "1" == response.headers["Retry-After"]
    # A new release under a wrong prefix must not take the place of the old one.
    assert 503 == (await client.get("/readyz")).status_code
    assert 200 == (await client.get("/healthz")).status_code
