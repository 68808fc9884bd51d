"""Takes protections of a new owner away from outside: the checker must object, and must not where they stand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from service.kafka import acquire, log_reader, ownership
from service.kafka.acquire import Acquired, read_partition
from service.kafka.log_reader import open_reader
from service.kafka.partition_feed import PartitionFeed
from service.kafka.transaction import PartitionProducer
from service.local.servers import Endpoints
from tests.checker import Report
from tests.kafka.protections import DOCK, REGISTER, SECONDS, Harbour, Writes
from tests.running import running_handler


async def test_a_new_owner_judges_nothing_again(servers: Endpoints) -> None:
    report = await _restarted(await Harbour(servers).build())

    assert report.ok, report.text()
    assert report.counts["accepted"] == 3


async def test_reading_commands_again_from_the_start_changes_nothing(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = PartitionFeed.start
    monkeypatch.setattr(PartitionFeed, "start", lambda feed, _: start(feed, 0))
    report = await _restarted(await Harbour(servers).build())

    assert report.ok, report.text()


async def test_a_new_owner_that_does_not_go_to_its_checkpoint_answers_again(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgetful(*arguments: Any, **options: Any) -> Acquired:
        return replace(await read_partition(*arguments, **options), next_offset=0)

    monkeypatch.setattr(ownership, "read_partition", forgetful)
    report = await _restarted(await Harbour(servers).build())

    assert sum("doubled" in line or "without a cause" in line for line in report.violations) >= 2, report.text()


async def test_a_checkpoint_that_is_left_out_makes_a_new_owner_answer_again(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    harbour = await Harbour(servers).build()
    write = PartitionProducer.write

    async def shortened(producer: PartitionProducer, topics: Sequence[Any]) -> dict[str, int]:
        return await write(producer, [(name, drafts) for name, drafts in topics if not name.endswith("snapshots")])

    async with running_handler(harbour.settings):
        await harbour.ask(REGISTER)
        await harbour.handled()
        with monkeypatch.context() as patched:
            patched.setattr(PartitionProducer, "write", shortened)
            writes = Writes(patched)
            await harbour.ask(DOCK)
            await writes.one()
    async with running_handler(harbour.settings):
        report = await harbour.report()

    [violation] = report.violations
    assert "doubled" in violation or "without a cause" in violation


async def test_a_new_owner_waits_for_what_an_open_transaction_hides(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, waited = await _hidden(servers, monkeypatch)

    assert waited
    assert report.ok, report.text()
    assert report.counts["accepted"] == 2


async def test_a_new_owner_that_reads_to_the_last_stable_offset_decides_on_a_short_state(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stable(connection: Mapping[str, Any], _: str) -> Any:
        return open_reader(connection, "read_committed")

    monkeypatch.setattr(acquire, "open_reader", stable)
    # The checkpoint knows that there was more, and would stop the partition.
    monkeypatch.setattr(acquire, "require_end", lambda *_: None)
    report, _ = await _hidden(servers, monkeypatch)

    assert any("ShipDocked" in line and "missing" in line for line in report.violations), report.text()
    assert any("must be 'accepted'" in line for line in report.violations), report.text()


async def _restarted(harbour: Harbour) -> Report:
    """A ship is registered and docks, and the service starts again."""
    async with running_handler(harbour.settings):
        await harbour.ask(REGISTER, DOCK)
        await harbour.handled()
    async with running_handler(harbour.settings):
        await harbour.ask(DOCK)
        return await harbour.report()


async def _hidden(servers: Endpoints, monkeypatch: pytest.MonkeyPatch) -> tuple[Report, bool]:
    """A ship docks whose registration stands behind an open transaction: what was found, and who waited for its end."""
    harbour, waited, checked = await Harbour(servers).build(), asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(log_reader, "_STALL_SECONDS", 1.0)
    monkeypatch.setattr(log_reader, "log", SimpleNamespace(warning=lambda *_, **__: waited.set()))

    async def new_owner() -> None:
        async with running_handler(harbour.settings):
            await checked.wait()

    async with running_handler(harbour.settings):
        end = _open(servers.bootstrap_servers, harbour.events)
        await harbour.ask(REGISTER)
        await harbour.handled()
    await harbour.ask(DOCK)
    running = asyncio.create_task(new_owner())
    handled, warned = asyncio.create_task(harbour.handled()), asyncio.create_task(waited.wait())
    await asyncio.wait({handled, warned}, return_when=asyncio.FIRST_COMPLETED, timeout=SECONDS)
    await asyncio.to_thread(end)
    await handled
    warned.cancel()
    report = await harbour.report()
    checked.set()
    await running
    return report, waited.is_set()


def _open(bootstrap_servers: str, topic: str) -> Callable[[], None]:
    """Open a stranger's transaction, and return what aborts it."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": uuid4().hex})
    producer.init_transactions(SECONDS)
    producer.begin_transaction()
    producer.produce(topic, b"open", b"x", partition=0)
    producer.flush(SECONDS)
    return lambda: producer.abort_transaction(SECONDS)
