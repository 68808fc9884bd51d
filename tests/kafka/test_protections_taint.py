"""A commit that arrives late tears no later transaction, unless the taint is taken away from outside."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import client
from aiokafka.conn import create_conn

from service.kafka import transaction
from service.kafka.transaction import PartitionProducer
from service.local.servers import Endpoints
from tests.checker import Report
from tests.kafka.late_commit import LateCommit
from tests.kafka.protections import DEPART, DOCK, REGISTER, Harbour
from tests.running import running_handler

_INVALID_PRODUCER_EPOCH = 47


async def test_a_late_commit_is_refused(servers: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    report, answers = await _committed_late(servers, monkeypatch)

    assert answers == [_INVALID_PRODUCER_EPOCH]
    assert report.ok, report.text()
    assert report.counts["accepted"] == 41


async def test_without_taint_a_late_commit_publishes_half_a_transaction(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PartitionProducer, "_watch_transport", lambda _: None)
    report, answers = await _committed_late(servers, monkeypatch)

    assert answers == [0]
    assert any("data.duplicate is True, must be False" in line for line in report.violations), report.text()


async def _committed_late(servers: Endpoints, monkeypatch: pytest.MonkeyPatch) -> tuple[Report, list[int]]:
    """The commit of a first transaction comes again in the middle of a second: what was found, and its answer."""
    harbour, way = await Harbour(servers).build(), LateCommit(servers.bootstrap_servers)

    async def redirected(_host: str, _port: int, **options: Any) -> Any:
        return await create_conn("127.0.0.1", way.port, **options)

    monkeypatch.setattr(client, "create_conn", redirected)
    # So that one transaction takes several requests.
    monkeypatch.setattr(transaction, "_BATCH_BYTES", 2_000)
    async with way.serving(), running_handler(harbour.settings):
        await harbour.ask(REGISTER)
        await harbour.handled()
        await harbour.ask(*[DOCK, DEPART] * 20)
        return await harbour.report(), way.answers
