"""Whoever may only read the public views can serve the API, and creates nothing."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

import pytest
from httpx import ASGITransport, AsyncClient

from service.api import create_api
from service.local.servers import Endpoints
from service.postgres.keys import PostgresKeys
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool
from service.postgres.queries import Queries
from service.postgres.schema import prepare_projections
from service.postgres.signals import open_signals
from service.projections import PROJECTIONS
from tests.event_records import COMMAND
from tests.postgres.seeding import Seeding

PATHS = (
    "/ships",
    "/ships?port=Oslo&item=tea&name=A&status=docked",
    "/ships?at=2026-11-25T00:00:00Z",
    "/ships/a?min_version=3",
    "/ships/a?version=2",
    "/ships/a/events?until=2026-11-25T00:00:00Z",
    "/users/7",
    "/users/7/statement",
    "/ports",
    "/ports/Oslo",
    "/throughput?port=Oslo",
    "/totals",
    f"/commands/{COMMAND}",
    "/projections",
    "/readyz",
)


@pytest.fixture
async def role(pool: Pool, names: Names) -> AsyncIterator[str]:
    role = f"reader_{names.prefix.rstrip('.')}"
    await pool.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'reader'")
    yield role
    await pool.execute(f"DROP OWNED BY {role}")
    await pool.execute(f"DROP ROLE {role}")


def _as(database_url: str, role: str) -> str:
    parts = urlsplit(database_url)
    return urlunsplit(parts._replace(netloc=f"{role}:reader@{parts.hostname}:{parts.port}"))


@pytest.fixture
async def client(servers: Endpoints, role: str, names: Names) -> AsyncIterator[AsyncClient]:
    async with open_pool(_as(servers.database_url, role)) as pool, open_signals(pool, names) as signals:
        queries = Queries(pool, names, PostgresKeys(pool, names), signals, show_personal_data=False)
        async with AsyncClient(transport=ASGITransport(create_api(queries)), base_url="http://fairlead") as client:
            yield client


async def test_a_role_that_can_only_read_answers_every_question(
    pool: Pool, names: Names, role: str, client: AsyncClient
) -> None:
    await prepare_projections(pool, replace(names, reader=role), PROJECTIONS.values())
    seeding = Seeding(pool, names)
    await seeding.events("ship", ("a", "ShipRegistered", {"name": "A"}), ("a", "ShipDocked", {"port": "Oslo"}))
    await seeding.events("ship", ("a", "CargoLoaded", {"item": "tea", "quantity": 2, "port": "Oslo"}))
    sealed = {"alg": "A256GCM", "kid": COMMAND, "value": "A" * 40}
    await seeding.events("user", ("7", "UserCreated", {"username": sealed, "balance": 100}))
    await seeding.reply("ship", "a", COMMAND, status="accepted")

    answers = {path: (await client.get(path)).status_code for path in PATHS}
    assert dict.fromkeys(PATHS, 200) == answers


async def test_what_is_missing_or_not_granted_is_told_with_what_to_do(
    pool: Pool, names: Names, client: AsyncClient
) -> None:
    for wanted in ("`fairlead project` make", "FAIRLEAD_READER_ROLE"):
        for path in (
            "/readyz",
            "/ships",
            "/ships/a?version=2",
            "/totals",
            "/users/7/statement",
            f"/commands/{secrets.token_hex(4)}",
        ):
            response = await client.get(path)
            assert (503, True) == (response.status_code, wanted in response.json()["detail"]), response.text
        await prepare_projections(pool, names, PROJECTIONS.values())
