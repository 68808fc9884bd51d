"""The builds of a projection through the command line: one is made, compared, shown, taken back, and dropped."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from service.kafka.groups import member_count
from service.local.servers import Endpoints
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool
from service.projections.build import Build
from service.settings import Settings
from tests.chaos.role import environment
from tests.cli.processes import Ended, begin, outcome_of
from tests.running import apply_topics, running_handler, running_projectors, settings_for
from tests.workload import generate, publish

Run = Callable[..., Coroutine[Any, Any, Ended]]
COMMANDS = 400


@pytest.fixture
async def settings(servers: Endpoints) -> AsyncIterator[Settings]:
    """Those of a handler under a prefix of its own, which has had some commands."""
    settings = settings_for(servers, f"cli{secrets.token_hex(3)}.", session_timeout_ms=6_000)
    await apply_topics(settings)
    async with running_handler(settings):
        messages = generate(COMMANDS, ships=20, users=5, seed=3, prefix=settings.prefix)
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages)
        yield settings


@pytest.fixture
async def pool(servers: Endpoints) -> AsyncIterator[Pool]:
    async with open_pool(servers.database_url) as pool:
        yield pool


async def _begin(settings: Settings, *words: str) -> asyncio.subprocess.Process:
    return await begin(environment(settings), "projections", *words)


@pytest.fixture
def fairlead(settings: Settings) -> Run:
    """Run a command of the group; its exit code, what it printed as JSON, and the last line that it said."""

    async def run(*words: str) -> Ended:
        async with asyncio.timeout(120):
            code, printed, told = await outcome_of(await _begin(settings, *words))
        return code, printed, (told.splitlines() or [""])[-1]

    return run


async def test_a_build_is_made_compared_shown_taken_back_and_dropped(
    settings: Settings, fairlead: Run, pool: Pool
) -> None:
    async with running_projectors(settings):
        for words in (("diff", "ports"), ("switch", "ports"), ("rollback", "ports"), ("drop", "ports", "v7")):
            code, printed, told = await fairlead(*words)
            assert (7, None, True) == (code, printed, told.startswith("fairlead: ")), words

        code, made, told = await fairlead("rebuild", "ports", "--rate", "2000")
        assert (0, "ports.v1.2", "ports.v1", True) == (code, made["build"], made["shown"], made["followed"])
        assert "`fairlead projections diff ports`" in told

        code, rows, _ = await fairlead("list")
        ports = {row["label"]: row for row in rows if row["projection"] == "ports"}
        assert 0 == code
        assert (True, False) == (ports["ports.v1"]["current"], ports["ports.v1"]["candidate"])
        assert (False, True, 0) == tuple(ports["ports.v1.2"][name] for name in ("current", "candidate", "parked"))

        code, found, _ = await fairlead("diff", "ports")
        assert (0, True, ["ports", "throughput"]) == (code, found["same"], [view["view"] for view in found["views"]])
        tables = Names(settings.prefix).tables(Build("ports", 1, 2))
        await pool.execute(f"UPDATE {tables}.ports SET visits = visits + 1 WHERE port = $1", "Rotterdam")  # noqa: S608
        code, found, _ = await fairlead("diff", "ports", "--samples", "1")
        [sample] = found["views"][0]["samples"]
        assert (1, 1) == (code, sample["new"]["visits"] - sample["old"]["visits"])

        code, moved, told = await fairlead("switch", "ports", "--keep", "7d")
        assert (0, {"shown": "ports.v1.2", "before": "ports.v1", "followed": True}) == (code, moved)
        assert "rollback ports" in told
        assert (0, "ports.v1") == ((back := await fairlead("rollback", "ports"))[0], back[1]["shown"])
        assert (0, "ports.v1.2") == ((again := await fairlead("switch", "ports", "--to", "v1.2"))[0], again[1]["shown"])
        assert (1, True) == ((refused := await fairlead("drop", "ports", "v1.2"))[0], "readers see" in refused[2])
        code, dropped, _ = await fairlead("drop", "ports", "ports.v1")
        assert (0, {"dropped": "ports.v1", "group_deleted": True}) == (code, dropped)
    kafka = {"bootstrap_servers": settings.bootstrap_servers}
    assert 0 == await member_count(kafka, f"{settings.prefix}fairlead.projection.ports.v1")


async def test_two_who_rebuild_share_the_work_and_make_one_build(settings: Settings, fairlead: Run) -> None:
    async with running_projectors(settings):
        first, second = await asyncio.gather(*(fairlead("rebuild", "outcomes", "--rate", "500") for _ in range(2)))

        assert [0, 0] == [first[0], second[0]]
        assert "outcomes.v1.2" == first[1]["build"] == second[1]["build"]
        assert (0, True) == ((found := await fairlead("diff", "outcomes"))[0], found[1]["same"])


async def test_who_is_interrupted_is_told_how_to_go_on_and_goes_on_without_projectors(
    settings: Settings, fairlead: Run, pool: Pool
) -> None:
    async with running_projectors(settings):
        slow = await _begin(settings, "rebuild", "ships", "--rate", "1")
        query = f"SELECT count(*) FROM \"{settings.prefix}fairlead\".progress WHERE projection = 'ships' AND build = 2"  # noqa: S608
        async with asyncio.timeout(60):
            while not await pool.fetchval(query):
                await asyncio.wait({asyncio.ensure_future(slow.wait())}, timeout=0.1)
                assert slow.returncode is None
        slow.send_signal(signal.SIGINT)
        _, told = await slow.communicate()
        assert (130, True) == (slow.returncode, b"the same command goes on where this one stood" in told)
    code, made, _ = await fairlead("rebuild", "ships")
    assert (0, "ships.v1.2", False) == (code, made["build"], made["followed"])


async def test_who_stays_keeps_a_build_up_until_interrupted(
    settings: Settings, fairlead: Run, servers: Endpoints, pool: Pool
) -> None:
    async with running_projectors(settings):
        pass
    staying = await _begin(settings, "rebuild", "ships", "--keep-following")
    query = f'SELECT coalesce(sum(next_offset), 0) FROM "{settings.prefix}ships_v1_2".progress'  # noqa: S608
    followed = f"SELECT followed FROM \"{settings.prefix}fairlead\".versions WHERE projection = 'ships' AND build = 2"  # noqa: S608
    async with asyncio.timeout(60):
        while not await pool.fetchval(followed):
            assert staying.returncode is None
        before = await pool.fetchval(query)
        messages = generate(50, ships=5, users=1, seed=9, prefix=settings.prefix)
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages)
        while await pool.fetchval(query) <= before:
            assert staying.returncode is None
    staying.send_signal(signal.SIGINT)
    await staying.communicate()
    assert 0 == staying.returncode
    assert 0 == (await fairlead("switch", "ships"))[0]


async def test_a_person_sees_how_far_it_is_how_fast_and_for_how_long(settings: Settings) -> None:
    async with running_projectors(settings):
        ours, terminal = os.openpty()
        line = (sys.executable, "-m", "service", "projections", "rebuild", "outcomes", "--rate", "100")
        process = await asyncio.create_subprocess_exec(
            *line, env=environment(settings) | {"COLUMNS": "120"}, stdin=DEVNULL, stdout=PIPE, stderr=terminal
        )
        os.close(terminal)
        told = bytearray()
        with suppress(OSError):  # at its end
            while part := await asyncio.to_thread(os.read, ours, 65_536):
                told += part
        await process.communicate()
        os.close(ours)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", told.decode())
    frames = [frame for frame in shown.split("Reading for outcomes.v1.2") if " of " in frame]
    assert 0 == process.returncode
    assert any(re.search(r"[1-9]\d* of \d+.* [1-9]\d*/s.* 0:00:0[1-9]", frame) for frame in frames), frames[-3:]
