"""PostgreSQL dies again and again while projections catch up; what it forgets of rows it forgets of offsets."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from random import Random
from typing import Any

import asyncpg

from service.local.servers import Endpoints
from tests.chaos.handlers import handler
from tests.chaos.postgres import OwnPostgres, own_postgres
from tests.chaos.visible import Seen, records, seen
from tests.checker import check
from tests.checker.waiting import wait_until_handled
from tests.running import apply_topics, running_handler, settings_for
from tests.workload import generate, publish

COMMANDS = 8_000
HANDLED_SECONDS = 120.0
PREFIX = "killed-postgres."


async def test_kills_while_projections_catch_up_lose_no_row_and_repeat_none(
    servers: Endpoints, tmp_path: Path, kills: int
) -> None:
    random = Random(7)
    async with own_postgres(tmp_path) as postgres:
        settings = settings_for(Endpoints(servers.bootstrap_servers, postgres.url), PREFIX)
        await apply_topics(settings)
        messages = generate(COMMANDS, ships=300, users=300, seed=7, prefix=PREFIX)
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages)
        async with running_handler(settings):
            deadline = time.monotonic() + HANDLED_SECONDS
            assert await asyncio.to_thread(
                wait_until_handled, servers.bootstrap_servers, ["ship", "user"], prefix=PREFIX, deadline=deadline
            )
        stand = await asyncio.to_thread(records, servers.bootstrap_servers, PREFIX)
        whole = sum(offsets[-1] for offsets in stand.values() if offsets) * 2  # each topic is read by two, or nearly

        lost, reached = [], 0
        own = Endpoints(servers.bootstrap_servers, postgres.url)
        async with handler(own, tmp_path, {"prefix": PREFIX}, without="batches", role=("project",)) as projector:
            for _ in range(kills):
                family = postgres.family()
                before = await _further(postgres, reached + whole * random.uniform(0.5, 1) / (kills + 5))
                postgres.kill(family)
                await postgres.start()
                after = await _now(postgres)
                assert [] == after.differences(stand)
                lost.append(before - after.total)
                reached = after.total
            assert reached < whole, "the last kill found it at the end already"
            report = await asyncio.to_thread(check, servers.bootstrap_servers, postgres.url, prefix=PREFIX)
            projector.signal(signal.SIGTERM)
            assert await projector.ended(20) == 0, projector.text
    assert report.ok, report.text()
    assert report.counts["commands"] == COMMANDS
    print(f"offsets lost by each kill: {lost}")  # noqa: T201  # figures
    # Commits are not waited for to be on the disk: some were lost, and with them what they had written.
    assert max(lost) > 0, lost


async def _now(postgres: OwnPostgres) -> Seen:
    connection: Any = await asyncpg.connect(postgres.url)
    try:
        return await seen(connection, PREFIX)
    finally:
        await connection.close()


async def _further(postgres: OwnPostgres, than: float) -> int:
    """How far it is, as soon as it is farther than this."""
    connection: Any = await asyncpg.connect(postgres.url)
    query = f'SELECT coalesce(sum(next_offset), 0) FROM "{PREFIX}fairlead".progress'  # noqa: S608
    try:
        async with asyncio.timeout(120):
            while (total := int(await connection.fetchval(query))) < than:
                pass
        return total
    finally:
        connection.terminate()
