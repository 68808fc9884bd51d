"""A member that comes or goes moves no more partitions than it must."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

import pytest
from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin import AdminClient

from service import app
from service.local.servers import Endpoints
from tests.chaos.handlers import Handler, eventually, handler, owned_by
from tests.chaos.load import Load
from tests.checker import Report, check
from tests.running import settings_for

PARTITIONS, NEEDED = 12, 4
PER_SECOND = 100
SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Change:
    """A third member came or went: which partitions changed hands, and how often each was acquired."""

    moved: set[int]
    acquired: Counter[int]


@pytest.fixture(scope="module")
async def changes(servers: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> list[Change]:
    """A third member comes and goes, under load, and the checker finds the log right."""
    found, report = await _come_and_go(servers, tmp_path_factory.mktemp("sticky"), "sticky.")
    assert report.ok, report.text()
    for one in found:
        print(f"{len(one.moved)} moved, {one.acquired.total()} acquired")  # noqa: T201  # figures
    return found


async def test_only_as_many_partitions_move_as_must(changes: list[Change]) -> None:
    assert [len(one.moved) for one in changes] == [NEEDED, NEEDED]


async def test_a_partition_that_stays_is_not_acquired_again(changes: list[Change]) -> None:
    assert all(set(one.acquired) <= one.moved for one in changes), changes


async def test_without_stickiness_more_partitions_move(servers: Endpoints, tmp_path: Path) -> None:
    found, _ = await _come_and_go(servers, tmp_path, "dealt.", without="stickiness")

    assert len(found[0].moved) > NEEDED


async def _come_and_go(
    servers: Endpoints, folder: Path, prefix: str, *, without: str | None = None
) -> tuple[list[Change], Report]:
    await app.apply_topics(settings_for(servers, prefix), partitions=PARTITIONS, replication=1)
    load, found = Load(servers.bootstrap_servers, prefix), []
    terms = {"prefix": prefix, "session_timeout_ms": 3_000}
    async with AsyncExitStack() as stack:
        members = [await stack.enter_async_context(handler(servers, folder, terms, without=without)) for _ in range(2)]
        await stack.enter_async_context(load.steady(PER_SECOND))
        await eventually(lambda: [len(owned_by(one, members)) for one in members] == [6, 6], "each owns a half")
        before = await _assigned(servers, prefix, 2)
        since = time.time()
        third = await stack.enter_async_context(handler(servers, folder, terms, without=without))
        among = await _assigned(servers, prefix, 3)
        found.append(await _change(before, among, [*members, third], since))
        since = time.time()
        third.signal(SIGTERM)
        assert await third.ended(SECONDS) == 0
        found.append(await _change(among, await _assigned(servers, prefix, 2), members, since))
    async with handler(servers, folder, terms, without=without):
        report = await asyncio.to_thread(check, servers.bootstrap_servers, prefix=prefix, aggregates=["ship"])
    return found, report


async def _change(before: dict[int, str], after: dict[int, str], members: list[Handler], since: float) -> Change:
    """What has changed, once all that moved is owned."""
    moved = {partition for partition, member in after.items() if before[partition] != member}

    def acquired() -> Counter[int]:
        return Counter(said.partition or 0 for one in members for said in one.said("acquired", since))

    await eventually(lambda: moved <= set(acquired()), "what moved is acquired")
    return Change(moved, acquired())


async def _assigned(servers: Endpoints, prefix: str, members: int) -> dict[int, str]:
    """Who is assigned each partition, once there are so many members and each of them knows."""
    group = f"{prefix}fairlead.ship.handler"
    admin = AdminClient({"bootstrap.servers": servers.bootstrap_servers})
    assigned: dict[int, str] = {}

    def settled() -> bool:
        described = admin.describe_consumer_groups([group])[group].result(SECONDS)
        assigned.clear()
        for member in described.members:
            assigned.update({tp.partition: member.member_id for tp in member.assignment.topic_partitions})
        stable = described.state == ConsumerGroupState.STABLE
        return stable and len(set(assigned.values())) == members and len(assigned) == PARTITIONS

    await eventually(settled, f"{members} members share the partitions")
    return dict(assigned)
