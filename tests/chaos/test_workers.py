"""What `fairlead handle --workers` promises when one of its processes, or the supervisor, is killed or stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

from httpx import AsyncClient

from service import app
from service.local.ports import free_port, is_free
from service.local.servers import Endpoints
from tests.chaos.replies import replies, written
from tests.chaos.workers import begin, lives, running_workers, until
from tests.checker import check
from tests.running import PARTITIONS, apply_topics, running_projectors, settings_for
from tests.workload import Message, generate, publish

WORKERS = 3
KILLS = 3
COMMANDS = 800
# Small transactions, so that a signal finds some behind it, one under way and some before it.
SMALL = {"FAIRLEAD_MAX_BATCH": "2"}


async def test_a_worker_killed_in_mid_work_is_back_with_its_partitions_and_nothing_is_lost(
    servers: Endpoints, tmp_path: Path
) -> None:
    settings = settings_for(servers, "workers-killed.")
    await apply_topics(settings)
    messages = generate(COMMANDS * KILLS, ships=50, users=50, seed=17, prefix=settings.prefix)
    ports = free_ports(WORKERS)
    told = {"FAIRLEAD_HEALTH_PORT": str(ports[0]), **SMALL}
    async with running_projectors(settings), running_workers(settings, tmp_path, WORKERS, **told) as workers:
        workers.ready_file.unlink()
        for kill in range(KILLS):
            number = kill % WORKERS
            victim = workers.worker(number)
            await publish_until_worked(servers, settings.prefix, messages[kill * COMMANDS : (kill + 1) * COMMANDS])
            victim.kill()
            await until(lambda kills=kill + 1: len(workers.logged("ready")) == WORKERS + kills)  # type: ignore[misc]
            assert workers.worker(number).pid != victim.pid
            await all_owned(ports)
        report = await asyncio.to_thread(check, servers.bootstrap_servers, servers.database_url, prefix=settings.prefix)

        assert report.ok, report.text()
        assert report.counts["commands"] == len(messages)
        assert ["SIGKILL"] * KILLS == [line["signal"] for line in workers.logged("worker ended")]
        # The kills did fall into work: it was waiting for whoever came back.
        assert sum(line["waiting"] > 0 for line in workers.logged("acquired")) >= KILLS
        # Only the first time that all are ready is told.
        assert not workers.ready_file.exists()


async def test_sigterm_under_load_ends_all_within_ten_seconds(servers: Endpoints, tmp_path: Path) -> None:
    settings = settings_for(servers, "workers-stopped.")
    await apply_topics(settings)
    messages = generate(3 * COMMANDS, ships=50, users=50, seed=19, prefix=settings.prefix)
    async with running_workers(settings, tmp_path, 2, **SMALL) as workers:
        children = workers.children()
        await publish_until_worked(servers, settings.prefix, messages)
        workers.process.terminate()
        assert await workers.ends(within=10) == 0
        assert not any(map(lives, children))
        # Each has drained, and was not killed for being late.
        assert sorted(line["worker"] for line in workers.logged("stopped")) == [0, 1]
    report = await asyncio.to_thread(check, servers.bootstrap_servers, prefix=settings.prefix, settled=False)
    assert report.ok, report.text()


async def test_ctrl_c_reaches_all_and_each_drains_and_a_second_one_kills(servers: Endpoints, tmp_path: Path) -> None:
    settings = settings_for(servers, "workers-ctrl-c.")
    await apply_topics(settings)
    async with running_workers(settings, tmp_path, 2) as workers:
        stuck = workers.worker(1)
        stuck.suspend()
        os.killpg(workers.process.pid, signal.SIGINT)
        await until(lambda: len(workers.logged("stopped")) == 1)
        assert workers.process.returncode is None
        os.killpg(workers.process.pid, signal.SIGINT)
        assert await workers.ends(within=5) == 0
        assert not lives(stuck)
        assert not [line for line in workers.lines() if "Traceback" in line]


async def test_a_supervisor_that_is_killed_leaves_no_process(servers: Endpoints, tmp_path: Path) -> None:
    settings = settings_for(servers, "workers-orphaned.")
    await apply_topics(settings)
    async with running_workers(settings, tmp_path, 2) as workers:
        children = workers.children()
        workers.process.kill()
        await until(lambda: not any(map(lives, children)))
        assert 2 == len(workers.logged("stopped"))


async def test_topics_that_are_missing_are_told_once(servers: Endpoints, tmp_path: Path) -> None:
    workers = await begin(settings_for(servers, "workers-none."), tmp_path, 2)

    assert await workers.ends(within=30) == 1
    [line] = workers.lines()
    assert "fairlead topics apply" in line


async def test_a_worker_that_refuses_its_first_start_ends_all_with_its_code(servers: Endpoints, tmp_path: Path) -> None:
    settings = settings_for(servers, "workers-refused.")
    await apply_topics(settings)
    ports = free_ports(2)
    with socket.create_server(("127.0.0.1", ports[1])):
        workers = await begin(settings, tmp_path, 2, FAIRLEAD_HEALTH_PORT=str(ports[0]))
        assert await workers.ends(within=30) == 1

    [line] = [line for line in workers.lines() if not line.startswith("{")]
    assert f"127.0.0.1:{ports[1]}: Address already in use" in line
    assert not workers.ready_file.exists()


async def test_more_workers_than_partitions_are_warned_of_and_run(servers: Endpoints, tmp_path: Path) -> None:
    settings = settings_for(servers, "workers-many.")
    await app.apply_topics(settings, partitions=1, replication=1)
    async with running_workers(settings, tmp_path, 2) as workers:
        [warning] = workers.logged("more workers than partitions: the surplus waits idle")
        assert (2, 1) == (warning["workers"], warning["partitions"])


async def publish_until_worked(servers: Endpoints, prefix: str, messages: Sequence[Message]) -> None:
    """Publish all; return while they are being worked on."""
    with replies(servers.bootstrap_servers, prefix) as consumer:
        before = written(consumer)
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages)
        await until(lambda: written(consumer) > before + 100)


async def all_owned(ports: Sequence[int]) -> None:
    """Return once the workers own all partitions of both aggregates between them."""
    async with AsyncClient() as http, asyncio.timeout(60):
        while True:
            answers = [await http.get(f"http://127.0.0.1:{port}/readyz") for port in ports]
            parts = [part["name"] for answer in answers for part in answer.json()["parts"] if part["state"] == "owned"]
            if len(parts) == len(set(parts)) == 2 * PARTITIONS:
                return
            await asyncio.sleep(0.05)


def free_ports(count: int) -> list[int]:
    """Ports in a row on which nobody listens."""
    while True:
        first = free_port()
        ports = list(range(first, first + count))
        if all(map(is_free, ports)):
            return ports
