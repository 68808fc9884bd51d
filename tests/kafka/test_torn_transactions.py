"""Commits that arrive late, one after another, tear no transaction, unless the taint is taken away from outside."""

from __future__ import annotations

import asyncio
from collections import Counter
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

# Small transactions, so that there are many, of several requests each, so that each has a middle.
BATCH = 4
BATCH_BYTES = 1_000
SECONDS = 120.0
_INVALID_PRODUCER_EPOCH = 47


@pytest.mark.parametrize("rounds", [50, pytest.param(200, marks=pytest.mark.long)])
async def test_late_commits_tear_nothing(servers: Endpoints, monkeypatch: pytest.MonkeyPatch, rounds: int) -> None:
    report, answers = await _committed_late(servers, monkeypatch, rounds)

    assert Counter(answers) == {_INVALID_PRODUCER_EPOCH: rounds}
    assert report.ok, report.text()
    assert report.counts["accepted"] == 1 + rounds * BATCH


async def test_without_taint_a_late_commit_publishes_half_a_transaction(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PartitionProducer, "_watch_transport", lambda _: None)
    report, answers = await _committed_late(servers, monkeypatch, rounds=50)

    assert answers[-1] == 0
    assert any("data.duplicate is True, must be False" in line for line in report.violations), report.text()


async def _committed_late(servers: Endpoints, monkeypatch: pytest.MonkeyPatch, rounds: int) -> tuple[Report, list[int]]:
    """Commits come again in the middle of later transactions: what was found, and their answers."""
    harbour, way = await Harbour(servers).build(), LateCommit(servers.bootstrap_servers, rounds)

    async def redirected(_host: str, _port: int, **options: Any) -> Any:
        return await create_conn("127.0.0.1", way.port, **options)

    monkeypatch.setattr(client, "create_conn", redirected)
    monkeypatch.setattr(transaction, "_BATCH_BYTES", BATCH_BYTES)
    async with way.serving(), running_handler(harbour.settings.model_copy(update={"max_batch": BATCH})):
        await harbour.ask(REGISTER, *[DOCK, DEPART] * (rounds * BATCH // 2))
        await asyncio.wait_for(way.done.wait(), SECONDS)
        return await harbour.report(), way.answers
