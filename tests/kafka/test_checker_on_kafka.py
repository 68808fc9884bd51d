"""The checker reads a real log as a subscriber does: committed records, to the high watermark."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from service.local.servers import Endpoints
from tests.checker import Report, check
from tests.checker.handmade import written
from tests.checker.reader import Unreadable
from tests.checker.waiting import wait_until_handled
from tests.kafka.handmade_topics import commands_on, honest, transaction
from tests.workload import Message, publish


async def test_honest_logs_pass_with_aborted_transactions_between(servers: Endpoints) -> None:
    prefix = await asyncio.to_thread(honest, servers.bootstrap_servers)
    with transaction(servers.bootstrap_servers, commit=False) as producer:
        producer.produce(f"{prefix}ship.events", b"happened", b"never", partition=0)

    report = await asyncio.to_thread(_check, servers.bootstrap_servers, prefix)

    assert report.violations == []
    assert report.counts["commands"] > 150


async def test_a_surplus_event_is_found(servers: Endpoints) -> None:
    prefix = await asyncio.to_thread(honest, servers.bootstrap_servers)
    event = json.dumps({"subject": "ghost", "entityversion": 1}).encode()
    with transaction(servers.bootstrap_servers) as producer:
        producer.produce(f"{prefix}ship.events", event, b"ghost", partition=1)

    [violation] = (await asyncio.to_thread(_check, servers.bootstrap_servers, prefix)).violations

    assert f"{prefix}ship.events[1]" in violation
    assert "event without a cause" in violation


async def test_a_command_that_nobody_handled_is_found(servers: Endpoints) -> None:
    prefix = await asyncio.to_thread(honest, servers.bootstrap_servers)
    await asyncio.to_thread(publish, servers.bootstrap_servers, [Message(f"{prefix}ship.commands", b"x", b"{")])

    found = await asyncio.to_thread(_check, servers.bootstrap_servers, prefix)
    unfinished = await asyncio.to_thread(_check, servers.bootstrap_servers, prefix, settled=False)

    assert any("does not cover the commands" in line for line in found.violations)
    assert unfinished.violations == []


async def test_a_command_that_was_taken_back_needs_no_answer_and_may_be_passed_over(servers: Endpoints) -> None:
    prefix = await asyncio.to_thread(honest, servers.bootstrap_servers)
    commands = TopicPartition(f"{prefix}ship.commands", 0)
    last = written(await asyncio.to_thread(commands_on, servers.bootstrap_servers, 0, prefix)).records["snapshots"][-1]
    with transaction(servers.bootstrap_servers, commit=False) as producer:
        producer.produce(commands.topic, b"taken", b"back", partition=0)
    assert await asyncio.to_thread(_handled, servers.bootstrap_servers, prefix)
    end = await asyncio.to_thread(_end, servers.bootstrap_servers, commands)
    with transaction(servers.bootstrap_servers) as producer:
        checkpoint = json.dumps(json.loads(last.value or b"") | {"next_offset": end}).encode()
        producer.produce(f"{prefix}ship.snapshots", checkpoint, b"checkpoint", partition=0)

    assert (await asyncio.to_thread(_check, servers.bootstrap_servers, prefix)).violations == []


async def test_the_oldest_dead_letters_may_be_gone_and_no_command_may(servers: Endpoints) -> None:
    prefix = await asyncio.to_thread(honest, servers.bootstrap_servers)

    await asyncio.to_thread(_shorten, servers.bootstrap_servers, TopicPartition(f"{prefix}ship.dead-letters", 0, 3))
    assert (await asyncio.to_thread(_check, servers.bootstrap_servers, prefix)).violations == []

    await asyncio.to_thread(_shorten, servers.bootstrap_servers, TopicPartition(f"{prefix}ship.commands", 0, 3))
    with pytest.raises(Unreadable, match=r"ship\.commands\[0\] begins at 3"):
        await asyncio.to_thread(_check, servers.bootstrap_servers, prefix)


async def test_an_open_transaction_hides_nothing_in_silence(servers: Endpoints) -> None:
    prefix = await asyncio.to_thread(honest, servers.bootstrap_servers)
    with transaction(servers.bootstrap_servers, commit=False) as producer:
        producer.produce(f"{prefix}ship.events", b"open", b"x", partition=0)
        producer.flush()
        with pytest.raises(Unreadable, match=r"open transaction: .*ship\.events\[0\]"):
            await asyncio.to_thread(_check, servers.bootstrap_servers, prefix, reading=2.0)


def _check(bootstrap_servers: str, prefix: str, **options: Any) -> Report:
    return check(bootstrap_servers, prefix=prefix, aggregates=["ship"], timeout=0.0, **options)


def _handled(bootstrap_servers: str, prefix: str) -> bool:
    return wait_until_handled(bootstrap_servers, ["ship"], prefix=prefix, deadline=time.monotonic() + 30)


def _end(bootstrap_servers: str, at: TopicPartition) -> int:
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "unused"})
    _, end = consumer.get_watermark_offsets(at, timeout=10)
    consumer.close()
    return int(end)


def _shorten(bootstrap_servers: str, to: TopicPartition) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    for future in admin.delete_records([to]).values():
        future.result(30)
