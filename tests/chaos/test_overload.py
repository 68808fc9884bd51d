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

WAITING = 1_000_000
WORKING_SECONDS = 10.0
# What a handler may add to what it has when it begins. Measured: 110 MB with the pause, 580 MB without it.
BOUND = 200 * (1 << 20)


@pytest.fixture(scope="module")
async def prefix(servers: Endpoints) -> str:
    """Where a million commands wait that nobody has judged."""
    prefix = "waiting."
    await apply_topics(settings_for(servers, prefix))
    load = Load(servers.bootstrap_servers, prefix)
    await asyncio.to_thread(load.burst, WAITING)
    await asyncio.to_thread(load.settle)
    return prefix


async def test_without_the_pause_all_that_waits_is_read_into_memory(
    servers: Endpoints, tmp_path: Path, prefix: str
) -> None:
    async with handler(servers, tmp_path, {"prefix": prefix}, without="pause") as one:
        first = _memory(one)
        await eventually(lambda: _memory(one) > first + BOUND, "its memory grows beyond the bound")


async def test_memory_stays_bounded_while_a_million_commands_wait(
    servers: Endpoints, tmp_path: Path, prefix: str
) -> None:
    async with handler(servers, tmp_path, {"prefix": prefix}) as one:
        first, peak, end = _memory(one), 0, time.monotonic() + WORKING_SECONDS
        while time.monotonic() < end:
            peak = max(peak, _memory(one))
            await asyncio.sleep(0.05)
    print(f"{first >> 20} MB at first, at most {peak >> 20} MB")  # noqa: T201  # figures

    assert sum(said.fields["waiting"] for said in one.said("acquired")) > WAITING / 2
    assert peak < first + BOUND


@pytest.mark.long
async def test_what_was_done_of_a_million_waiting_commands_is_right(servers: Endpoints, prefix: str) -> None:
    report = await asyncio.to_thread(
        check, servers.bootstrap_servers, prefix=prefix, aggregates=["ship"], settled=False, timeout=600
    )

    assert report.ok, report.text()
    assert report.counts["commands"] > 0


def _memory(one: Handler) -> int:
    return int(psutil.Process(one.process.pid).memory_info().rss)
