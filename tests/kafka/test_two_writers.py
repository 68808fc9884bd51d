"""Of two who decide on the same version one comes too late, is told so, and can read what it has not seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from httpx import ASGITransport, AsyncClient

from fairlead import Client
from fairlead.envelope import Reply
from fairlead.ship import DepartShip, DockShip, RegisterShip
from service.api import create_api
from service.local.servers import Endpoints
from service.postgres.keys import PostgresKeys
from service.postgres.names import Names
from service.postgres.pool import open_pool
from service.postgres.queries import Queries
from service.postgres.signals import Signals
from service.settings import Settings
from tests.checker import check
from tests.running import apply_topics, running_handler, running_projectors, settings_for

PAIRS = 200
SECONDS = 30.0
AT_ONCE = 20


async def test_of_two_writers_with_one_version_one_is_accepted_and_the_other_can_catch_up(servers: Endpoints) -> None:
    settings = settings_for(servers, f"writers-{uuid4().hex[:8]}.")
    await apply_topics(settings)
    where: dict[str, Any] = {"bootstrap_servers": servers.bootstrap_servers, "prefix": settings.prefix}
    async with (
        running_handler(settings),
        running_projectors(settings),
        _api(settings) as api,
        Client(source="/one", **where) as one,
        Client(source="/other", **where) as other,
    ):
        ships = [str(uuid4()) for _ in range(AT_ONCE)]
        await asyncio.gather(*(_compete(one, other, api, ship) for ship in ships))
        report = await asyncio.to_thread(check, servers.bootstrap_servers, servers.database_url, prefix=settings.prefix)

    assert report.ok, report.text()
    # Each pair, and then the one who came too late, with what it has read.
    assert (AT_ONCE + 2 * PAIRS, PAIRS) == (report.counts["accepted"], report.counts["conflict.version_conflict"])


async def _compete(one: Client, other: Client, api: AsyncClient, ship: str) -> None:
    """Both dock a ship on what they know of it, and whoever is refused reads on and lets it depart."""
    version = (await one.send(RegisterShip(name="Pacific Explorer"), ship)).data.entity_version or 0
    for _ in range(PAIRS // AT_ONCE):
        replies = await asyncio.gather(
            one.send(DockShip(port="Rio"), ship, expected_version=version),
            other.send(DockShip(port="Lagos"), ship, expected_version=version),
        )
        first, late = sorted(replies, key=lambda reply: reply.data.status)
        assert ("accepted", version + 1) == (first.data.status, first.data.entity_version)
        assert ("conflict", "version_conflict", version + 1) == _refusal(late)
        unseen = await _events_after(api, ship, version)
        assert [(event.id, event.version) for event in first.data.events] == [
            (event["event_id"], event["version"]) for event in unseen
        ]
        loser = one if late is replies[0] else other
        again = await loser.send(DepartShip(), ship, expected_version=unseen[-1]["version"])
        assert ("accepted", version + 2) == (again.data.status, again.data.entity_version)
        version += 2


def _refusal(reply: Reply) -> tuple[str, str | None, int | None]:
    return reply.data.status, reply.data.code, reply.data.entity_version


async def _events_after(api: AsyncClient, ship: str, version: int) -> list[dict[str, Any]]:
    """The events that the API has beyond a version, once it has one; it does not wait for them by itself."""
    async with asyncio.timeout(SECONDS):
        while True:
            answer = await api.get(f"/ships/{ship}/events", params={"after": version})
            # The journal may not have heard of the ship yet.
            if answer.status_code == 200 and (items := answer.json()["items"]):
                return list(items)
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _api(settings: Settings) -> AsyncIterator[AsyncClient]:
    names = Names(settings.prefix)
    async with open_pool(settings.database_url.get_secret_value()) as pool:
        queries = Queries(pool, names, PostgresKeys(pool, names), Signals(pool, names), show_personal_data=False)
        async with AsyncClient(transport=ASGITransport(create_api(queries)), base_url="http://fairlead") as client:
            yield client
