"""Takes protections of a transaction away from outside: the checker must object, and must not where they stand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from service.commands.decision import Decision
from service.commands.entities import Entities
from service.kafka import ownership
from service.kafka.acquire import Acquired, read_partition
from service.kafka.transaction import PartitionProducer
from service.local.servers import Endpoints
from tests.checker import Report
from tests.kafka.protections import DOCK_FAR, REGISTER, Harbour, Writes
from tests.running import running_handler


async def test_no_reply_is_published_when_its_event_is_refused(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, failures = await _refused_at_first(servers, monkeypatch)

    assert failures[0] == "Refused"
    assert report.ok, report.text()
    assert report.counts["accepted"] == 2


async def test_sends_that_are_not_awaited_publish_a_reply_without_its_event(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = PartitionProducer._send  # noqa: SLF001  # where the protection can be taken away from outside

    async def unawaited(producer: PartitionProducer, topic: str, drafts: Sequence[Any], __: list[Any]) -> None:
        sent: list[tuple[str, int, asyncio.Future[Any]]] = []
        await send(producer, topic, drafts, sent)
        for _, _, future in sent:
            future.add_done_callback(asyncio.Future.exception)

    monkeypatch.setattr(PartitionProducer, "_send", unawaited)
    report, failures = await _refused_at_first(servers, monkeypatch)

    assert failures == []
    assert any("no event" in violation for violation in report.violations)


async def test_without_reading_anew_what_failed_is_still_not_believed(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    _keep_entities(monkeypatch)
    report, failures = await _refused_at_first(servers, monkeypatch)

    assert failures
    assert report.ok, report.text()


async def test_reading_anew_forgets_an_overlay_that_was_kept(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    _merge_before_commit(monkeypatch)
    report, failures = await _refused_at_first(servers, monkeypatch)

    assert failures
    assert report.ok, report.text()


async def test_an_overlay_that_is_kept_makes_a_command_that_failed_a_repeat(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    _keep_entities(monkeypatch)
    _merge_before_commit(monkeypatch)
    report, failures = await _refused_at_first(servers, monkeypatch)

    assert failures
    assert any("no event" in line for line in report.violations), report.text()
    assert any("data.duplicate is True, must be False" in line for line in report.violations), report.text()


async def _refused_at_first(servers: Endpoints, monkeypatch: pytest.MonkeyPatch) -> tuple[Report, list[str]]:
    """A ship docks where its event finds no room, and then it does: what was found, and what failed."""
    harbour = await Harbour(servers).build(cramped=True)
    # Both in one transaction: a command that is refused alone would be answered so.
    await harbour.ask(REGISTER, DOCK_FAR)
    writes = Writes(monkeypatch, then=harbour.widen)
    async with running_handler(harbour.settings):
        return await harbour.report(), writes.failures


def _keep_entities(monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner that acquires anew goes on with the entities that it had."""
    kept: dict[str, Entities] = {}

    async def warm(*arguments: Any, **options: Any) -> Acquired:
        acquired = await read_partition(*arguments, **options)
        local = acquired.local
        entities = kept.setdefault(arguments[0].topics.events, local.entities)
        entities.store, local.entities = local.entities.store, entities
        return acquired

    monkeypatch.setattr(ownership, "read_partition", warm)


def _merge_before_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is decided counts at once, and stays when the transaction fails."""
    judge = Decision.judge

    def believed(decision: Decision, batch: Any) -> None:
        judge(decision, batch)
        decision.overlay.merge()

    monkeypatch.setattr(Decision, "judge", believed)
