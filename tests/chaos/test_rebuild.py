"""A rebuild that is killed over and over ends with the rows of the build that was kept up all along."""

from __future__ import annotations

import asyncio
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson

from service.kafka.logs import open_logs
from service.local.servers import Endpoints
from service.postgres.builds import next_offsets
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool
from service.postgres.signals import Signals, open_signals
from service.projections.build import Build
from service.projections.level import Offsets, behind
from service.settings import Settings
from tests.chaos.load import Load, watched_replies
from tests.chaos.role import environment
from tests.running import apply_topics, running_handler, running_projectors, settings_for

PREFIX = f"rebuilt{secrets.token_hex(3)}."
AT_FIRST, STEADY, RATE = 10_000, 100, 400
OLD, NEW = Build("ships", 1), Build("ships", 1, 2)
NAMES = Names(PREFIX)
TOPIC = f"{PREFIX}ship.events"


async def _offsets(pool: Pool, build: Build) -> Offsets:
    async with pool.acquire() as connection:
        try:
            return await next_offsets(connection, NAMES, build)
        except LookupError:
            return {}


async def _moved(pool: Pool, signals: Signals, since: Offsets) -> Offsets:
    """Where the new build stands, once it has moved on."""
    while True:
        moved = signals.next(NEW.name)
        at = await _offsets(pool, NEW)
        if sum(at.values()) > sum(since.values()):
            return at
        await moved.wait()


@asynccontextmanager
async def _fairlead(settings: Settings, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", "projections", *words), env=environment(settings), stdin=DEVNULL, stdout=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _ends(settings: Settings, *words: str) -> tuple[int, bytes]:
    async with _fairlead(settings, *words) as process:
        printed, _ = await process.communicate()
        return process.returncode or 0, printed


async def _caught_up(pool: Pool, signals: Signals, settings: Settings) -> None:
    """Return once both builds have read all there is."""
    async with open_logs({"bootstrap_servers": settings.bootstrap_servers}, [TOPIC]) as logs:
        ends = await logs.ends()
    for build in (OLD, NEW):
        while moved := signals.next(build.name):
            if not behind(await _offsets(pool, build), ends):
                break
            await moved.wait()


async def _differing_rows(pool: Pool, table: str) -> int:
    old, new = (f"TABLE {NAMES.tables(build)}.{table}" for build in (OLD, NEW))
    query = f"SELECT count(*) FROM (({old} EXCEPT ALL {new}) UNION ALL ({new} EXCEPT ALL {old})) differing"  # noqa: S608
    return int(await pool.fetchval(query))


async def test_a_rebuild_killed_again_and_again_ends_with_equal_rows(servers: Endpoints, kills: int) -> None:
    settings = settings_for(servers, PREFIX, session_timeout_ms=2_000)
    await apply_topics(settings)
    load = Load(servers.bootstrap_servers, PREFIX, ships=200)
    async with open_pool(servers.database_url) as pool, open_signals(pool, NAMES) as signals:
        async with running_handler(settings), running_projectors(settings), asyncio.timeout(300):
            with watched_replies(servers.bootstrap_servers, PREFIX) as replies:
                load.burst(AT_FIRST)
                await asyncio.to_thread(load.settle)
                while not replies.have(load.acknowledged):  # noqa: ASYNC110  # a thread counts them
                    await asyncio.sleep(0.05)
            at: Offsets = {}
            async with load.steady(STEADY):
                for _ in range(kills):
                    async with _fairlead(settings, "rebuild", "ships", "--rate", str(RATE)) as rebuild:
                        at = await _moved(pool, signals, at)
                        assert rebuild.returncode is None
                        assert behind(at, await _offsets(pool, OLD)), "it was over before the last kill"
                        rebuild.kill()
                        await rebuild.wait()
                    at = await _offsets(pool, NEW)
                code, printed = await _ends(settings, "rebuild", "ships")
                assert (0, NEW.label, True) == (code, *(orjson.loads(printed)[word] for word in ("build", "followed")))
                # Log and builds go on: it compares them as they are at equal offsets.
                for _ in range(3):
                    code, printed = await _ends(settings, "diff", "ships")
                    assert code == 0, printed
            await _caught_up(pool, signals, settings)
        assert (await _offsets(pool, OLD)) == (await _offsets(pool, NEW))
        assert await pool.fetchval(f"SELECT count(*) > 100 FROM {NAMES.tables(NEW)}.ships")  # noqa: S608
        assert [0, 0] == [await _differing_rows(pool, table) for table in ("ships", "cargo")]
