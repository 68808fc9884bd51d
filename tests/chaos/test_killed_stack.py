"""What `fairlead up` promises whoever pulls the plug, judged from outside."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from random import Random

import pytest

from service.local.child import STOP_WITHIN
from service.local.roles import DRAINED_WITHIN
from tests.chaos.replies import count_until, replies
from tests.chaos.up import begin, start
from tests.checker import check
from tests.workload import generate, publish

COMMANDS = 1_200
# Small transactions, so that a kill finds some behind it, one under way and some before it.
SMALL = {"FAIRLEAD_MAX_BATCH": "2"}


def found_waiting(directory: Path) -> int:
    """How often a partition was acquired with commands waiting."""
    lines = map(json.loads, (directory / "logs" / "handle.log").read_text().splitlines())
    return sum(line.get("event") == "acquired" and line["waiting"] > 0 for line in lines)


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.long)])
async def test_kills_of_the_whole_group_in_mid_work_lose_nothing_and_repeat_nothing(tmp_path: Path, kills: int) -> None:
    random = Random(3)
    messages = generate(COMMANDS * (kills + 1), ships=50, users=50, seed=3)
    answered = sent = 0
    for kill in range(kills):
        up = await start(tmp_path, **SMALL)
        part = messages[kill * COMMANDS : (kill + 1) * COMMANDS]
        with replies(up.endpoints.bootstrap_servers) as consumer:
            publishing = asyncio.create_task(asyncio.to_thread(publish, up.endpoints.bootstrap_servers, part))
            wanted = answered + random.randrange(1, COMMANDS // 2)
            answered = await asyncio.to_thread(count_until, consumer, wanted)
            await publishing
            sent += COMMANDS
            up.kill()
        await up.process.wait()
    up = await start(tmp_path)
    await asyncio.to_thread(publish, up.endpoints.bootstrap_servers, messages[sent:])
    report = await asyncio.to_thread(check, up.endpoints.bootstrap_servers, up.endpoints.database_url)

    assert report.ok, report.text()
    assert report.counts["commands"] == len(messages)
    # The kills did fall into work: commands were waiting when a partition was taken up again.
    assert found_waiting(tmp_path) >= kills
    assert await up.interrupt() == 0
    assert up.left() == []


async def test_a_second_up_on_a_directory_in_use_refuses_in_one_line(tmp_path: Path) -> None:
    up = await start(tmp_path)
    second = await begin(tmp_path)
    _, told = await second.communicate()

    assert second.returncode == 1
    assert len(told.decode().splitlines()) == 1, told.decode()
    assert str(up.process.pid) in told.decode()
    await up.interrupt()


def test_what_a_stop_may_take_in_all_leaves_a_second_of_its_ten() -> None:
    assert DRAINED_WITHIN + STOP_WITHIN <= 9.0


async def test_ctrl_c_stops_everything_within_ten_seconds_and_leaves_no_process(tmp_path: Path) -> None:
    up = await start(tmp_path)
    await asyncio.to_thread(publish, up.endpoints.bootstrap_servers, generate(500, ships=5, users=5, seed=1))
    async with asyncio.timeout(10):
        code = await up.interrupt()

    assert code == 0
    assert up.left() == []
