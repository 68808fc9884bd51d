"""Several processes judge a file as one does, and none outlives the command."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import orjson
import psutil
import pytest

from service.cli import history_check, history_judges
from service.local.child import until
from tests.cli.test_history_check import check, ship_row

_WITHIN, _IMPORTS_SECONDS = 30.0, 1.0


def rows(random: Random, ships: int, events: int) -> list[dict[str, Any]]:
    """Of ships, the first of which has most; some follow from nothing, and some cannot be read."""
    names = [str(UUID(int=random.getrandbits(128), version=4)) for _ in range(ships)]
    found = [ship_row(number, "ShipRegistered", {"name": "a"}, name) for number, name in enumerate(names)]
    for _ in range(events):
        kind, data = random.choice(
            [("ShipDocked", {"port": "Rio"}), ("ShipDocked", {"port": 7}), ("ShipDeparted", {"departed_from": "Rio"})]
        )
        found.append(ship_row(len(found), kind, data, random.choice([*names, names[0], names[0]])))
    for number, row in enumerate(found):
        row["timestamp"] = f"2026-11-24T18:{number // 60 % 60:02}:{number % 60:02}+00:00"
    return found


def test_several_processes_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    given = rows(Random(7), 20, 400)
    alone = check("ship", given)
    assert alone.faults
    monkeypatch.setattr(history_check, "_STEP", 60)
    monkeypatch.setattr(history_check, "_FEW", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    # In this process, which judges only what is long.
    monkeypatch.delattr(history_judges, "_judged")
    assert alone == check("ship", given)


async def judging(folder: Path) -> tuple[Process, list[psutil.Process]]:
    """A command that checks a large file, with its processes, in a group of its own as a terminal has it."""
    file = folder / "many.jsonl"
    with file.open("wb") as out:
        for number in range(150_000):
            ship = str(UUID(int=number, version=4))
            out.write(orjson.dumps(ship_row(0, "ShipRegistered", {"name": "a"}, ship) | {"event_id": ship}) + b"\n")
    line = (sys.executable, "-P", "-m", "service", "import", "ship", str(file), "--dry-run")
    process = await asyncio.create_subprocess_exec(*line, stdout=PIPE, stderr=PIPE, start_new_session=True)
    command = psutil.Process(process.pid)
    assert await until(lambda: len(judges_of(command)) == os.cpu_count(), _WITHIN)
    return process, command.children(recursive=True)


def judges_of(command: psutil.Process) -> list[psutil.Process]:
    """Those that are past what they import."""
    judges = [child for child in command.children() if "spawn_main" in " ".join(child.cmdline())]
    return [judge for judge in judges if judge.cpu_times().user > _IMPORTS_SECONDS]


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core has one process")
async def test_ctrl_c_ends_all_of_them_and_none_says_anything(tmp_path: Path) -> None:
    process, others = await judging(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    _, told = await process.communicate()
    assert (130, b"") == (process.returncode, told)
    assert await until(lambda: not any(map(psutil.Process.is_running, others)), _WITHIN)


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core has one process")
async def test_that_one_of_them_was_ended_is_told_in_a_line(tmp_path: Path) -> None:
    process, others = await judging(tmp_path)
    judges_of(psutil.Process(process.pid))[0].kill()
    async with asyncio.timeout(_WITHIN):
        _, told = await process.communicate()
    assert process.returncode == 1
    assert told.startswith(b"fairlead: A process that checked the file was ended")
    assert told.count(b"\n") == 1
    assert await until(lambda: not any(map(psutil.Process.is_running, others)), _WITHIN)


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core has one process")
async def test_they_end_where_the_command_is_killed(tmp_path: Path) -> None:
    process, others = await judging(tmp_path)
    process.kill()
    await process.communicate()
    assert await until(lambda: not any(map(psutil.Process.is_running, others)), _WITHIN)
