"""How processes are kept running, shown on programs that take no time to start."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.cli import supervisor
from service.cli.exits import Stop
from service.cli.supervisor import Program, Supervisor
from service.local.child import until

# How often it has been started, and how it tells that it is ready.
COUNTING = """
import os, pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
with (folder / "starts").open("a") as file:
    file.write("x")
starts = len((folder / "starts").read_text())
def be_ready():
    (folder / "told" / "ready").touch()
    sys.stdin.read()
"""
DIES_FOUR_TIMES = """
if starts == 1:
    os.kill(os.getpid(), signal.SIGKILL)
if starts < 5:
    sys.exit(3)
be_ready()
"""
DIES_ONCE = """
if starts == 1:
    (folder / "pid").write_text(str(os.getpid()))
be_ready()
"""
DOES_NOT_STOP = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
be_ready()
"""


def supervising(folder: Path, work: str, python: str | Path = sys.executable) -> Supervisor:
    (folder / "told").mkdir()
    line = [str(python), "-I", "-c", COUNTING + work, str(folder)]
    return Supervisor([Program(0, line, {}, folder / "told" / "ready")])


async def until_ready(one: Supervisor) -> list[MutableMapping[str, Any]]:
    """Run it until its program is ready, then stop it; what it logged."""
    is_ready = asyncio.Event()

    async def all_ready() -> None:
        is_ready.set()

    with capture_logs() as logs:
        running = asyncio.create_task(one.run(all_ready))
        waiting = asyncio.create_task(is_ready.wait())
        async with asyncio.timeout(20):
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        running.cancel()
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return logs


async def until_ready_again(
    one: Supervisor, folder: Path, killed: Callable[[list[MutableMapping[str, Any]]], Awaitable[None]]
) -> list[MutableMapping[str, Any]]:
    """Run it until its program is ready a second time, which is killed once it is ready; what it logged."""

    async def all_ready() -> None:
        await killed(logs)
        assert await until(lambda: (folder / "starts").read_text() == "xx" and (folder / "told" / "ready").exists(), 10)
        raise asyncio.CancelledError

    with capture_logs() as logs, suppress(asyncio.CancelledError):
        await one.run(all_ready)
    return logs


async def test_the_pause_before_another_start_grows_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.03)
    logs = await until_ready(supervising(tmp_path, DIES_FOUR_TIMES))

    assert [0.01, 0.02, 0.03, 0.03] == [line["again_in_s"] for line in logs]
    # A kill is no refusal, even at the first start.
    assert ["SIGKILL", None, None, None] == [line.get("signal") for line in logs]
    assert [None, 3, 3, 3] == [line.get("exit_code") for line in logs]


async def test_one_that_ran_for_long_is_started_again_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervisor, "STEADY_SECONDS", 0.0)
    logs = await until_ready(supervising(tmp_path, DIES_FOUR_TIMES))

    assert [0.01] * 4 == [line["again_in_s"] for line in logs]


async def test_a_refusal_of_the_very_first_start_ends_all_with_its_code(tmp_path: Path) -> None:
    with pytest.raises(Stop) as refused:
        await until_ready(supervising(tmp_path, "sys.exit(4)"))

    assert 4 == refused.value.code
    assert "x" == (tmp_path / "starts").read_text()


async def test_one_that_does_not_stop_in_time_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.1)
    [line] = await until_ready(supervising(tmp_path, DOES_NOT_STOP))

    assert "worker killed" == line["event"]


async def test_one_that_cannot_be_started_again_is_tried_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.01)
    python = tmp_path / "python"
    python.symlink_to(sys.executable)

    async def killed(logs: list[MutableMapping[str, Any]]) -> None:
        python.unlink()
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
        await until(lambda: len(logs) > 1, 10)
        python.symlink_to(sys.executable)

    logs = await until_ready_again(supervising(tmp_path, DIES_ONCE, python), tmp_path, killed)
    assert ["worker ended", *["worker not started"] * (len(logs) - 1)] == [line["event"] for line in logs]
    assert "No such file" in logs[1]["reason"]


async def test_one_is_ready_again_after_the_folder_where_it_says_so_was_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.01)

    async def killed(_: list[MutableMapping[str, Any]]) -> None:
        await asyncio.to_thread(rmtree, tmp_path / "told")
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)

    logs = await until_ready_again(supervising(tmp_path, DIES_ONCE), tmp_path, killed)
    assert ["SIGKILL"] == [line["signal"] for line in logs]
