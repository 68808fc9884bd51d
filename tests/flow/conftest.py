"""One suite over two harnesses: what holds of the twin holds of the service, or the twin is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fairlead import Client
from service.local.servers import Endpoints
from tests.flow.callers import in_memory
from tests.flow.harness import Harness
from tests.flow.real import Real, running_service
from tests.flow.twin import Twin


@pytest.fixture(scope="package")
def twin() -> Twin:
    return Twin()


@pytest.fixture(scope="package")
async def real(servers: Endpoints) -> AsyncIterator[Real]:
    async with running_service(servers.bootstrap_servers, servers.database_url, "flow.") as service:
        yield service


@pytest.fixture(params=["twin", "real"], scope="package")
def harness(request: pytest.FixtureRequest) -> Harness:
    chosen: Harness = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="package")
async def memory_client() -> AsyncIterator[Client]:
    async with in_memory() as client:
        yield client


@pytest.fixture(scope="package")
async def kafka_client(real: Real, servers: Endpoints) -> AsyncIterator[Client]:
    assert real
    async with Client(bootstrap_servers=servers.bootstrap_servers, prefix="flow.") as client:
        yield client


@pytest.fixture(params=["memory_client", "kafka_client"], scope="package")
def client(request: pytest.FixtureRequest) -> Client:
    """What other services hold in their hands, and what their tests do."""
    chosen: Client = request.getfixturevalue(request.param)
    return chosen
