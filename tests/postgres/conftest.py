"""A pool for all tests, and for each test schemas of its own under a prefix of its own."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator

import pytest
from httpx import ASGITransport, AsyncClient

from service.api import create_api
from service.local.servers import Endpoints
from service.postgres.keys import PostgresKeys, prepare_keys
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool
from service.postgres.queries import Queries
from service.postgres.schema import prepare_projections
from service.postgres.signals import Signals
from service.projections import PROJECTIONS
from tests.postgres.seeding import Seeding

_RUN = f"t{secrets.token_hex(3)}_"
_PREFIXES = (f"{_RUN}{number}." for number in itertools.count())
_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1)"


@pytest.fixture(scope="session")
async def pool(servers: Endpoints) -> AsyncIterator[Pool]:
    async with open_pool(servers.database_url, size=12) as opened:
        yield opened
        for (schema,) in await opened.fetch(_SCHEMAS, _RUN):
            await opened.execute(f'DROP SCHEMA "{schema}" CASCADE')


@pytest.fixture
def names() -> Names:
    return Names(next(_PREFIXES))


@pytest.fixture
async def seeding(pool: Pool, names: Names) -> Seeding:
    """All projections, empty."""
    await prepare_keys(pool, names)
    await prepare_projections(pool, names, PROJECTIONS.values())
    return Seeding(pool, names)


@pytest.fixture
async def keys(pool: Pool, names: Names) -> PostgresKeys:
    await asyncio.gather(*(prepare_keys(pool, names) for _ in range(3)))
    return PostgresKeys(pool, names)


@pytest.fixture
async def signals(pool: Pool, names: Names) -> AsyncIterator[Signals]:
    signals = Signals(pool, names)
    listening = asyncio.create_task(signals.run())
    yield signals
    listening.cancel()


@pytest.fixture
def queries(pool: Pool, names: Names, keys: PostgresKeys, signals: Signals, seeding: Seeding) -> Queries:
    assert seeding
    return Queries(pool, names, keys, signals, show_personal_data=True)


@pytest.fixture
async def client(queries: Queries) -> AsyncIterator[AsyncClient]:
    """Of the HTTP API over these projections."""
    async with AsyncClient(transport=ASGITransport(create_api(queries)), base_url="http://fairlead") as client:
        yield client
