"""Who reads without pause while readers are moved between two versions sees no error, and nothing older than before."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpx import AsyncClient

from service.local.ports import free_port
from service.local.servers import Endpoints
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool
from service.postgres.schema import prepare_projections
from service.postgres.switching import Terms
from service.projections import PROJECTIONS
from service.rebuilding.making import rebuild
from service.rebuilding.moving import rollback, switch
from tests.chaos.load import Load
from tests.postgres.ships_v2 import SHIPS, SHIPS_2
from tests.running import apply_topics, running_api, running_handler, running_projectors, settings_for

ROUNDS, STEADY = 5, 150

Read = Callable[[], Coroutine[Any, Any, dict[str, int]]]


class Hammer:
    """One reader without pause, and what it saw that was older than before."""

    def __init__(self, read: Read) -> None:
        self.older: list[str] = []
        self._reads = 0
        self._again = asyncio.Event()
        self._read = read
        self._seen: dict[str, int] = {}

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            found = await self._read()
            for ship, version in self._seen.items():
                if found.get(ship, 0) < version:
                    self.older.append(f"{ship}: {version}, then {found.get(ship)}")
            self._seen |= found
            self._reads += 1
            self._again.set()

    async def reads_on(self) -> None:
        """Return once it has read from now on: the second read to end has begun after this."""
        enough = self._reads + 2
        while self._reads < enough:
            self._again.clear()
            await self._again.wait()


@asynccontextmanager
async def _hammered(*reads: Read) -> AsyncIterator[list[Hammer]]:
    hammers = [Hammer(read) for read in reads]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(hammer.run()) for hammer in hammers]
        yield hammers
        for task in tasks:
            task.cancel()


async def test_readers_notice_nothing_of_a_switch_or_a_rollback(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(servers, f"read{secrets.token_hex(3)}.", api_port=free_port())
    names = Names(settings.prefix)
    await apply_topics(settings)
    load = Load(servers.bootstrap_servers, settings.prefix)
    async with open_pool(servers.database_url) as pool:
        await prepare_projections(pool, names, PROJECTIONS.values())
        # The next release: it knows both versions.
        monkeypatch.setitem(PROJECTIONS, "ships", SHIPS_2)
        monkeypatch.setattr("service.projections.EARLIER", (SHIPS,))
        async with (
            running_handler(settings),
            running_projectors(settings),
            running_api(settings),
            AsyncClient(base_url=f"http://127.0.0.1:{settings.api_port}", timeout=30) as client,
            load.steady(STEADY),
        ):
            made = await rebuild(settings, SHIPS_2, lambda *_: None)
            assert ("ships.v2", "ships.v1", True) == (made.build.label, made.shown.label, made.followed)
            async with _hammered(*_readers(pool, names, client)) as hammers:
                for _ in range(ROUNDS):
                    assert "ships.v2" == (await switch(settings, "ships", Terms(), "v2")).build.label
                    await asyncio.gather(*(hammer.reads_on() for hammer in hammers))
                    assert "ships.v1" == (await rollback(settings, "ships", Terms())).build.label
                    await asyncio.gather(*(hammer.reads_on() for hammer in hammers))
    assert [[] for _ in hammers] == [hammer.older for hammer in hammers]


def _readers(pool: Pool, names: Names, client: AsyncClient) -> list[Read]:
    async def in_sql() -> dict[str, int]:
        rows = await pool.fetch(f"SELECT ship_id, version, cargo FROM {names.public}.ships")  # noqa: S608
        return {row["ship_id"]: row["version"] for row in rows}

    async def over_http() -> dict[str, int]:
        answer = await client.get("/ships?limit=100")
        assert answer.status_code == 200, answer.text
        return {ship["id"]: ship["version"] for ship in answer.json()["items"]}

    return [in_sql, in_sql, over_http]
