"""More commands than a handler can hold wait in the log, not in its memory."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import psutil
import pytest

from service.local.servers import Endpoints
from tests.chaos.handlers import Handler, eventually, handler
from tests.chaos.load import Load
from tests.checker import check
from tests.running import apply_topics, settings_for

PREFIX, WAITING = "waiting.", 1_000_000
# A short session, since the first of them is killed.
TERMS = {"prefix": PREFIX, "session_timeout_ms": 2_000}
WORKING_SECONDS = 10.0
# What a handler may add to what it has when it begins. Measured: 140 MB with the pause, 580 MB without it.
BOUND = 250 * (1 << 20)


@pytest.fixture(scope="module")
async def million(servers: Endpoints) -> None:
    """Where a million commands wait that nobody has judged."""
    await apply_topics(settings_for(servers, PREFIX))
    load = Load(servers.bootstrap_servers, PREFIX)
    await asyncio.to_thread(load.many, WAITING)
    await asyncio.to_thread(load.settle)


@pytest.mark.usefixtures("million")
async def test_without_the_pause_all_that_waits_is_read_into_memory(servers: Endpoints, tmp_path: Path) -> None:
    async with handler(servers, tmp_path, TERMS, without="pause") as one:
        first = _memory(one)
        await eventually(lambda: _memory(one) > first + BOUND, "its memory grows beyond the bound")


@pytest.mark.usefixtures("million")
async def test_memory_stays_bounded_while_a_million_commands_wait(servers: Endpoints, tmp_path: Path) -> None:
    async with handler(servers, tmp_path, TERMS) as one:
        first, peak, end = _memory(one), 0, time.monotonic() + WORKING_SECONDS
        while time.monotonic() < end:
            peak = max(peak, _memory(one))
            await asyncio.sleep(0.05)
    print(f"{first >> 20} MB at first, at most {peak >> 20} MB")  # noqa: T201  # figures

    assert sum(said.fields["waiting"] for said in one.said("acquired")) > WAITING / 2
    assert peak < first + BOUND


@pytest.mark.long
@pytest.mark.usefixtures("million")
async def test_what_was_done_of_a_million_waiting_commands_is_right(servers: Endpoints) -> None:
    report = await asyncio.to_thread(
        check, servers.bootstrap_servers, prefix=PREFIX, aggregates=["ship"], settled=False, timeout=600
    )

    assert report.ok, report.text()
    assert report.counts["commands"] > 0


def _memory(one: Handler) -> int:
    return int(psutil.Process(one.process.pid).memory_info().rss)
