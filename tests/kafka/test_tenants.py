"""Two tenants on one cluster and one database: a prefix keeps all that they have apart, ids of theirs included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from confluent_kafka.admin import AdminClient
from httpx import AsyncClient
from structlog.testing import capture_logs

from fairlead.failures import BadToken
from fairlead.ship import DockShip, RegisterShip
from fairlead.user import CreateUser, DeleteUser
from service.cli.kafka_client import open_client
from service.local.ports import free_port
from service.local.servers import Endpoints
from service.settings import Settings
from tests.checker import check
from tests.running import apply_topics, running_api, running_handler, running_projectors, settings_for

WAIT = {"wait": 30}


async def test_two_tenants_have_the_same_ids_and_nothing_in_common(servers: Endpoints) -> None:
    red, blue = (_settings(servers, f"{colour}-{uuid4().hex[:8]}.") for colour in ("red", "blue"))
    ship, user, command = str(uuid4()), str(uuid4()), str(uuid4())
    with capture_logs() as logs:
        async with _running(red) as of_red, _running(blue) as of_blue:
            for settings, name in ((red, "Red"), (blue, "Blue")):
                async with open_client(settings, "/test") as client:
                    registered = await client.send(RegisterShip(name=name), ship, command_id=command)
                    created = await client.send(CreateUser(username=name, balance=1), user)
                    assert ["accepted"] * 2 == [registered.data.status, created.data.status]
                    assert not registered.data.duplicate
            async with open_client(red, "/test") as client:
                await client.send(DockShip(port="Rio"), ship)
                await client.send(DeleteUser(), user)
            assert ("Red", "Rio", 2) == _told(await _get(of_red, f"/ships/{ship}", min_version=2))
            assert ("Blue", None, 1) == _told(await _get(of_blue, f"/ships/{ship}", min_version=1))
            gone = await of_red.get(f"/users/{user}", params={"min_version": 2, **WAIT})
            assert "Blue" not in gone.text
            # What is destroyed with the one is kept of the other.
            assert "Blue" == (await _get(of_blue, f"/users/{user}", min_version=1))["username"]
            for settings in (red, blue):
                report = await asyncio.to_thread(
                    check, servers.bootstrap_servers, servers.database_url, prefix=settings.prefix
                )
                assert report.ok, report.text()
            members = await asyncio.to_thread(_members, servers, red, blue)
    assert [] == [line for line in logs if line["event"] == "fenced"]
    schemas = await _schemas(servers)
    # Of each group its own members, and none of the other tenant's.
    assert 4 == len(members)
    assert all(len(some) == 1 for some in members.values()), members
    assert 4 == len(set().union(*members.values()))
    of_each = [
        {one.removeprefix(prefix) for one in schemas if one.startswith(prefix)} for prefix in (red.prefix, blue.prefix)
    ]
    assert of_each[0] == of_each[1]
    assert {"fairlead", "fairlead_keys"} < of_each[0]


async def test_a_token_of_one_tenant_is_none_of_the_others(servers: Endpoints) -> None:
    red, blue = (_settings(servers, f"{colour}-{uuid4().hex[:8]}.") for colour in ("red", "blue"))
    for settings in (red, blue):
        await apply_topics(settings)
    async with open_client(red, "/test") as of_red, open_client(blue, "/test") as of_blue:
        token = await of_red.latest("ship")
        assert [] == [event async for event in of_red.events("ship", after=token, follow=False)]
        with pytest.raises(BadToken, match=red.prefix):
            await anext(of_blue.events("ship", after=token, follow=False))


def _settings(servers: Endpoints, prefix: str) -> Settings:
    return settings_for(servers, prefix, api_port=free_port(), show_personal_data=True)


@asynccontextmanager
async def _running(settings: Settings) -> AsyncIterator[AsyncClient]:
    """All roles of a tenant, and somebody who asks its API."""
    await apply_topics(settings)
    async with AsyncExitStack() as stack:
        for role in (running_handler, running_projectors, running_api):
            await stack.enter_async_context(role(settings))
        url = f"http://{settings.api_host}:{settings.api_port}"
        yield await stack.enter_async_context(AsyncClient(base_url=url, timeout=60))


async def _get(http: AsyncClient, path: str, **parameters: int) -> Any:
    answer = await http.get(path, params=parameters | WAIT)
    assert 200 == answer.status_code, answer.text
    return answer.json()


def _told(ship: dict[str, Any]) -> tuple[Any, ...]:
    return ship["name"], ship["current_port"], ship["version"]


def _members(servers: Endpoints, *tenants: Settings) -> dict[str, set[str]]:
    """Who is in the handlers' groups."""
    admin = AdminClient({"bootstrap.servers": servers.bootstrap_servers})
    groups = [f"{one.prefix}fairlead.{aggregate}.handler" for one in tenants for aggregate in ("ship", "user")]
    found = {group: future.result(30) for group, future in admin.describe_consumer_groups(groups).items()}
    return {group: {member.member_id for member in said.members} for group, said in found.items()}


async def _schemas(servers: Endpoints) -> set[str]:
    connection = await asyncpg.connect(servers.database_url)
    try:
        return {row["nspname"] for row in await connection.fetch("SELECT nspname FROM pg_namespace")}
    finally:
        await connection.close()
