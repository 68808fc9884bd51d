"""What cannot be gone on with safely stops its partition, says why and what to do, and is never decided on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from structlog.testing import capture_logs

from service.kafka import log_reader, membership
from service.kafka.partition_feed import PartitionFeed
from service.local.servers import Endpoints
from tests.kafka.pier import SECONDS, SOUND, SPOILT, Pier, said

REMEDY = re.compile(r"\b(restore|recreate|give|abort|remove|discard)\b")

Spoil = Callable[[Pier], Awaitable[None]]


async def commands_recreated(pier: Pier) -> None:
    await pier.recreate("commands")


async def commands_recreated_with_others_in_them(pier: Pier) -> None:
    await pier.recreate("commands")
    await pier.ask(SPOILT, "register_ship", name="Another")
    await pier.ask(SPOILT, "depart_ship")


async def checkpoint_gone(pier: Pier) -> None:
    await pier.recreate("snapshots")


async def commands_removed_unjudged(pier: Pier) -> None:
    await pier.ask(SPOILT, "depart_ship")
    await pier.ask(SPOILT, "depart_ship")
    await pier.remove("commands", SPOILT, 2)


async def event_with_a_gap(pier: Pier) -> None:
    await pier.write("events", SPOILT, pier.event(SPOILT, version=7))


async def event_that_is_none(pier: Pier) -> None:
    await pier.write("events", SPOILT, b"x")


async def events_recreated(pier: Pier) -> None:
    await pier.recreate("events")


async def replies_recreated(pier: Pier) -> None:
    await pier.recreate("replies")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (commands_recreated, "ends at 0, but 1 commands were judged: it was recreated"),
        (commands_recreated_with_others_in_them, "holds another command at offset 0: it was recreated"),
        (checkpoint_gone, "has no checkpoint although"),
        (commands_removed_unjudged, "begins at 2, but command 1 was never judged: retention removed it"),
        (event_with_a_gap, "has version 7 at offset 2 after version 1"),
        (event_that_is_none, "The event at offset 2 is none"),
        (events_recreated, "ends at 0, but once went on to"),
        (replies_recreated, "ends at 0, but once went on to"),
    ],
)
async def test_a_spoilt_partition_stops_loudly_and_the_others_go_on(
    servers: Endpoints, spoil: Spoil, reason: str
) -> None:
    pier = await Pier(servers).build()
    async with pier.handling():
        await pier.goes_on(SPOILT)
    await spoil(pier)
    before = pier.ends(SPOILT)
    with capture_logs() as logs:
        async with pier.handling():
            stopped = await said(logs, "partition stopped", "acquired", partition=SPOILT)
            await pier.ask(SPOILT, "depart_ship")
            await pier.goes_on(SOUND)

    assert "partition stopped" == stopped["event"], stopped
    assert reason in stopped["reason"]
    assert "error" == stopped["log_level"]
    assert before == pier.ends(SPOILT)
    assert REMEDY.search(stopped["reason"])


async def test_a_partition_spoilt_while_it_is_worked_on_stops_and_the_others_go_on(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is seen when the metadata are read again.
    monkeypatch.setattr(membership, "_METADATA_MS", 1_000)
    pier = await Pier(servers).build()
    with capture_logs() as logs:
        async with pier.handling():
            await pier.goes_on(SPOILT)
            await pier.recreate("commands")
            before = pier.ends(SPOILT)
            await said(logs, "partition stopped", partition=SPOILT)
            await pier.goes_on(SOUND)

    assert before == pier.ends(SPOILT)


async def test_commands_that_were_judged_may_be_removed(servers: Endpoints) -> None:
    pier = await Pier(servers).build()
    async with pier.handling():
        await pier.goes_on(SPOILT)
    await pier.remove("commands", SPOILT, 1)
    async with pier.handling():
        await pier.goes_on(SPOILT)


async def test_behind_a_strangers_open_transaction_nothing_is_decided_until_it_ends(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_reader, "_STALL_SECONDS", 1.0)
    pier = await Pier(servers).build()
    async with pier.handling():
        await pier.goes_on(SPOILT)
    stranger = Producer({"bootstrap.servers": pier.bootstrap_servers, "transactional.id": uuid4().hex})
    await asyncio.to_thread(stranger.init_transactions, SECONDS)
    stranger.begin_transaction()
    stranger.produce(pier.topic("events"), b"open", b"x", partition=SPOILT)
    await asyncio.to_thread(stranger.flush, SECONDS)
    before = pier.ends(SPOILT)
    with capture_logs() as logs:
        async with pier.handling():
            await pier.ask(SPOILT, "depart_ship")
            waiting = await said(logs, "waiting for an open transaction")
            await pier.goes_on(SOUND)
            assert before == pier.ends(SPOILT)
            await asyncio.to_thread(stranger.abort_transaction, SECONDS)
            report = await pier.report()

    assert [f"{pier.topic('events')}[{SPOILT}]"] == waiting["topics"]
    assert "warning" == waiting["log_level"]
    assert report.ok, report.text()
    assert 3 == report.counts["commands"]


async def test_a_position_that_the_broker_no_longer_has_stops_its_partition_and_no_other(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = PartitionFeed.start

    def beyond_the_end(feed: PartitionFeed, next_offset: int) -> None:
        # As after a broker that lost the end of its log: the owner knows of commands that are not there.
        start(feed, next_offset + 10 * (feed._tp.partition == SPOILT))  # noqa: SLF001  # which one it reads

    monkeypatch.setattr(PartitionFeed, "start", beyond_the_end)
    pier = await Pier(servers).build()
    with capture_logs() as logs:
        async with pier.handling() as handler:
            stopped = asyncio.create_task(said(logs, "partition stopped", partition=SPOILT))
            await asyncio.wait({handler, stopped}, return_when=asyncio.FIRST_COMPLETED)
            ended = handler.done()
            stopped.cancel()
            assert not ended, handler.exception()
            await pier.goes_on(SOUND)
