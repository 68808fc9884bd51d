"""Two projectors of one group: whichever is frozen or killed, in mid-transaction too, each row is there once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from service.local.ports import free_port
from service.local.servers import Endpoints
from service.projections import PROJECTIONS
from tests.chaos.handlers import Handler, eventually, handler
from tests.chaos.load import Load, Replies, watched_replies
from tests.checker import check
from tests.running import PARTITIONS, apply_topics, running_handler, settings_for

SESSION_MS = 2_000
PER_SECOND = 300
# A burst may be over before it was caught in a transaction: then there is another one.
BURST, TURNS = 20_000, 300
# Where a transaction waits for its projector: between two statements, and while it copies rows.
OPEN = ("state = 'idle in transaction'", "state = 'active' AND wait_event = 'ClientRead'")
PREFIX = "projectors."
ALL = sum(len(one.sources) for one in PROJECTIONS.values()) * PARTITIONS
# Longer than a session, what PostgreSQL grants one that stands still in a transaction, and a rebalance.
TAKEN_OVER_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Projector:
    """A process that can be frozen, what it says of itself, and by what name PostgreSQL knows it."""

    process: Handler
    port: int
    name: str

    async def follows(self) -> set[str]:
        """The builds' partitions that it reads."""
        async with httpx.AsyncClient() as client:
            parts = (await client.get(f"http://127.0.0.1:{self.port}/readyz")).json()["parts"]
        return {part["name"] for part in parts if part["state"] == "following" and part["name"].endswith("]")}


@asynccontextmanager
async def _projector(servers: Endpoints, folder: Path) -> AsyncIterator[Projector]:
    port = free_port()
    name = f"projector-{port}"
    named = Endpoints(servers.bootstrap_servers, f"{servers.database_url}&application_name={name}")
    terms = {"prefix": PREFIX, "session_timeout_ms": SESSION_MS, "health_port": port}
    async with handler(named, folder, terms, role=("project",)) as process:
        yield Projector(process, port, name)


async def _share(*projectors: Projector) -> list[set[str]]:
    """What each follows, once each follows some and together they follow all, no partition by two.

    Where a partition is on its way, or one that was frozen has not heard of it yet, two may say that they follow it.
    """
    async with asyncio.timeout(TAKEN_OVER_SECONDS):
        while True:
            shares = [await one.follows() for one in projectors]
            if all(shares) and sum(map(len, shares)) == len(set().union(*shares)) == ALL:
                return shares
            await asyncio.sleep(0.05)  # what they say of themselves sends no event


async def _frozen_in_a_transaction(one: Projector, connection: Any, where: str, load: Load, replies: Replies) -> None:
    """Freeze it where it has begun to write, and has not ended."""
    begun = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND {where}"  # noqa: S608  # our own
    async with asyncio.timeout(120):
        for turn in count():
            if turn % TURNS == 0:
                # What is few events at a time takes no transaction in which one could stand still, and copies no rows.
                wanted = replies.count + BURST // 4
                await asyncio.to_thread(load.burst, BURST)
                await eventually(partial(replies.have, wanted), "there is much to do")
            one.process.signal(signal.SIGSTOP)
            # What is under way ends, and then the server waits for it or not.
            if await connection.fetchval(begun, one.name) and await connection.fetchval(begun, one.name):
                return
            one.process.signal(signal.SIGCONT)
            await asyncio.sleep(0.003)


async def _moves_on(connection: Any) -> None:
    """Return once every partition of every build has moved on that stands somewhere."""
    query = f'SELECT projection, topic, partition, next_offset FROM "{PREFIX}fairlead".progress WHERE next_offset > 0'  # noqa: S608
    before = {tuple(row)[:3]: row[3] for row in await connection.fetch(query)}
    async with asyncio.timeout(TAKEN_OVER_SECONDS):
        while True:
            now = {tuple(row)[:3]: row[3] for row in await connection.fetch(query)}
            if all(now[place] > at for place, at in before.items()):
                return
            await asyncio.sleep(0.05)  # asked of a server under load


async def test_frozen_and_killed_projectors_leave_each_row_once(servers: Endpoints, tmp_path: Path) -> None:
    settings = settings_for(servers, PREFIX)
    await apply_topics(settings)
    load = Load(servers.bootstrap_servers, PREFIX)
    async with AsyncExitStack() as stack:
        connection: Any = await asyncpg.connect(servers.database_url)
        stack.push_async_callback(connection.close)
        await stack.enter_async_context(running_handler(settings))
        replies = stack.enter_context(watched_replies(servers.bootstrap_servers, PREFIX))
        one, other = [await stack.enter_async_context(_projector(servers, tmp_path)) for _ in range(2)]
        async with load.steady(PER_SECOND):
            for where in OPEN:
                await _share(one, other)
                await _moves_on(connection)
                await _frozen_in_a_transaction(one, connection, where, load, replies)
                await _share(other)
                await _moves_on(connection)
                one.process.signal(signal.SIGCONT)
                one, other = other, one
            await _share(one, other)
            one.process.signal(signal.SIGKILL)
            await _share(other)
            await _moves_on(connection)
        report = await asyncio.to_thread(
            check, servers.bootstrap_servers, servers.database_url, prefix=PREFIX, allow_import=False
        )
        parked = await connection.fetchval(f'SELECT count(*) FROM "{PREFIX}fairlead".parked')  # noqa: S608
    assert report.ok, report.text()
    assert (load.acknowledged, 0) == (report.counts["commands"], parked)
