"""A member that cannot finish its work lets go of it all the same, before the group loses patience."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition, client
from aiokafka.conn import create_conn

from service.kafka import workers
from service.kafka.membership import Membership
from service.local.servers import Endpoints
from tests.chaos.handlers import eventually, handler
from tests.chaos.hung_commit import HungCommit
from tests.chaos.load import Load
from tests.checker import Report, check
from tests.running import PARTITIONS, apply_topics, running_handler, settings_for

BURST = 200
# The five that are promised, and what two busy cores may add.
BOUND_SECONDS, HANG_SECONDS = 5.5, 8.0


async def test_a_commit_that_hangs_delays_a_revocation_by_five_seconds_at_most(
    servers: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds, report = await _revoked(servers, tmp_path, "hung.", monkeypatch)

    assert report.ok, report.text()
    assert seconds < BOUND_SECONDS


async def test_without_a_bound_a_revocation_waits_for_the_commit(
    servers: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_DRAIN_SECONDS", "_RELEASE_SECONDS"):
        monkeypatch.setattr(workers, name, HANG_SECONDS)
    seconds, report = await _revoked(servers, tmp_path, "unbound.", monkeypatch)

    assert report.ok, report.text()
    assert seconds > BOUND_SECONDS


async def _revoked(
    servers: Endpoints, folder: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[float, Report]:
    """How long a member took to let go whose commits hang when another one comes."""
    way, taken = HungCommit(servers.bootstrap_servers), asyncio.get_running_loop().create_future()
    _measure(monkeypatch, taken)

    async def redirected(_host: str, _port: int, **options: Any) -> Any:
        return await create_conn("127.0.0.1", way.port, **options)

    settings = settings_for(servers, prefix, session_timeout_ms=30_000, commit_timeout_s=60)
    await apply_topics(settings)
    load = Load(servers.bootstrap_servers, prefix)
    monkeypatch.setattr(client, "create_conn", redirected)
    async with way.serving(), running_handler(settings):
        way.hanging = True
        await asyncio.to_thread(load.burst, BURST)
        await asyncio.to_thread(load.settle)
        await eventually(lambda: way.lost >= PARTITIONS, "a commit hangs in every partition")
        async with handler(servers, folder, {"prefix": prefix}, wait=False):
            seconds = await asyncio.wait_for(taken, 60)
            way.hanging = False
            report = await asyncio.to_thread(check, servers.bootstrap_servers, prefix=prefix, aggregates=["ship"])
    print(f"let go within {seconds:.2f} s, {way.lost} commits lost")  # noqa: T201  # figures
    return seconds, report


def _measure(monkeypatch: pytest.MonkeyPatch, taken: asyncio.Future[float]) -> None:
    revoke = Membership.on_partitions_revoked

    async def measured(member: Membership[Any], revoked: Collection[TopicPartition]) -> None:
        began = time.monotonic()
        await revoke(member, revoked)
        if any(tp.topic.endswith("ship.commands") for tp in revoked) and not taken.done():
            taken.set_result(time.monotonic() - began)

    monkeypatch.setattr(Membership, "on_partitions_revoked", measured)
