"""A parked entity on a real log: others go on, whoever reads the partition, and however much waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psutil
import pytest
from prometheus_client import REGISTRY

from service.kafka.topic_making import apply_topics
from service.local.servers import Endpoints
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.projections import PROJECTIONS
from service.projections.store import Standing
from tests.chaos.handlers import eventually
from tests.event_records import Record
from tests.postgres.event_log import Log
from tests.postgres.feeding import Running, running_feed
from tests.postgres.poisoned import TOPIC, Build, docked, poisoned

PORTS = PROJECTIONS["ports"]
BEHIND = 100_000
BATCH = 2_000
WARM = 5  # batches


@pytest.fixture
async def log(servers: Endpoints, names: Names) -> Log:
    log = Log(servers, names)
    await apply_topics(log.connection, ["ship"], log.prefix, partitions=1, replication=1)
    return log


@pytest.fixture
async def ports(pool: Pool, names: Names, log: Log) -> Build:
    build = Build(pool, names, PORTS)
    build.sources = {log.topic: build.sources[TOPIC]}
    await build.prepare()
    return build


def _values(*records: Record) -> list[bytes]:
    return [record.value for record in records]


async def _until(holds: Callable[[], bool]) -> None:
    await eventually(lambda: _held(holds), "it says so", within=30)


def _held(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except LookupError:
        return False


async def _reached(build: Build, end: int) -> None:
    async with asyncio.timeout(60):
        while [end] != [row[2] for row in await build.rows("progress")]:
            pass


def _counted(log: Log) -> float | None:
    labels = {"projection": "ports.v1", "topic": log.topic, "partition": "0"}
    return REGISTRY.get_sample_value("fairlead_projection_entities_parked", labels)


def _says_parked(running: Running, count: int) -> bool:
    return (running.reason() or "0 parked").startswith(f"{count} parked")


async def test_an_idle_projector_hears_that_a_redrive_has_ended_it_and_who_leaves_counts_nobody(
    ports: Build, log: Log
) -> None:
    await _reached_by(ports, log)
    async with running_feed(log, ports.pool, ports.names, PORTS) as running:
        await _until(lambda: _says_parked(running, 2))
        assert 2 == _counted(log)
        await ports.redrive(only="a")
        await _until(lambda: _says_parked(running, 1))
        assert (1, False) == (_counted(log), running.task.done())
    assert 0 == _counted(log)


async def _reached_by(ports: Build, log: Log) -> None:
    """Two ships parked by a function that did not take their events."""
    end = await log.write(_values(*(docked(number, "abc"[number]) for number in range(3))))
    async with running_feed(log, ports.pool, ports.names, poisoned(PORTS, {"0", "1"})):
        await _reached(ports, end)


async def test_messages_of_a_parked_ship_wait_with_whoever_reads_its_partition_next(ports: Build, log: Log) -> None:
    await _reached_by(ports, log)
    async with running_feed(log, ports.pool, ports.names, PORTS):
        # The first one's function takes them, and must not: what came before them waits.
        await _reached(ports, await log.write(_values(*(docked(number, "abc"[number]) for number in range(3)))))

    assert (4, [("Oslo", 2, 0, 0)]) == (len(await ports.rows("waiting")), await ports.rows("ports"))
    assert 4 == (await ports.redrive()).messages
    assert [("Oslo", 6, 0, 0)] == await ports.rows("ports")


async def test_a_hundred_thousand_behind_one_ship_take_no_memory_and_others_go_on(pool: Pool, names: Names) -> None:
    build = Build(pool, names, PORTS)
    await build.prepare()
    taking = build.taking(poison={"0"})
    await taking.begin(0)
    resident = []
    for first in range(0, BEHIND, BATCH):
        # Nine of ten are of the ship that waits.
        records = [docked(at, "other" if at % 10 == 9 else "a") for at in range(first, first + BATCH)]
        await taking.take(records, first + BATCH)
        resident.append(psutil.Process().memory_info().rss)

    assert Standing(BEHIND, 0, frozenset({"a"})) == taking.standing
    # The messages themselves are 30 MB.
    assert resident[-1] - resident[WARM] < 10_000_000
    assert [("Oslo", BEHIND // 10, 0, 0)] == await build.rows("ports")
    assert BEHIND * 9 // 10 == (await build.redrive()).messages
    assert [("Oslo", BEHIND, 0, 0)] == await build.rows("ports")
