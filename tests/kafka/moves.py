"""Two prefixes between which an aggregate moves, and what is on their topics."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from fairlead.ship import RegisterShip
from fairlead.user import CreateUser
from service.audit.hashing import partition_of
from service.cli.kafka_client import open_client
from service.kafka.connection import connection
from service.kafka.topics import administrator
from service.local.servers import Endpoints
from service.moving import Move
from service.settings import Settings
from tests.checker.waiting import wait_until_handled
from tests.running import PARTITIONS, apply_topics, running_handler, settings_for
from tests.workload import Message, generate, publish

BOTH = ("ship", "user")
COPIED = ("events", "replies", "dead-letters")
MORE = 9
ONE_MORE = PARTITIONS + 1
COMMANDS = 1_500
SECONDS = 60.0

# Of each key, or of each partition where there is none, what its records say, in their order.
Records = dict[bytes | int, list[tuple[Any, ...]]]


def places(servers: Endpoints) -> tuple[Settings, Settings]:
    name = uuid4().hex[:8]
    old = settings_for(servers, f"old-{name}.")
    return old, old.model_copy(update={"prefix": f"new-{name}."})


def quietly(_: str) -> Callable[[int, int], None]:
    return lambda _done, _total: None


def cancelled_at(at: str, what: str, moving: asyncio.Task[Any]) -> Callable[[int, int], None]:
    if what == at:
        moving.cancel()
    return lambda _done, _total: None


def in_any_order(records: Records) -> Records:
    return {key: sorted(some, key=repr) for key, some in records.items()}


def under_prefix(prefix: str, old: str, message: Message) -> Message:
    return replace(message, topic=prefix + message.topic.removeprefix(old))


async def worked(servers: Endpoints, settings: Settings) -> list[Message]:
    """What was asked there, all of it judged."""
    await apply_topics(settings)
    messages = generate(COMMANDS, ships=30, users=30, seed=5, prefix=settings.prefix)
    async with running_handler(settings):
        await publish_all(servers, messages)
        await all_handled(settings)
    return messages


async def begun(settings: Settings) -> None:
    """A ship and a user are there, and nobody is at work."""
    await apply_topics(settings)
    async with running_handler(settings):
        await registered(settings)


async def registered(settings: Settings, aggregates: Sequence[str] = BOTH) -> None:
    commands = {"ship": RegisterShip(name="Pacific Explorer"), "user": CreateUser(username="jack", balance=1)}
    async with open_client(settings, "/test") as client:
        for aggregate in aggregates:
            assert "accepted" == (await client.send(commands[aggregate], str(uuid4()))).data.status


async def interrupted(move: Move, at: str = "Copying replies", partitions: int = ONE_MORE) -> None:
    moving = asyncio.create_task(move.make(partitions, 1, lambda what: cancelled_at(at, what, moving)))
    with suppress(asyncio.CancelledError):
        await moving
    assert moving.cancelled()


async def topics_of(settings: Settings) -> set[str]:
    async with administrator(connection(settings)) as admin:
        return {name for name in await admin.list_topics() if name.startswith(settings.prefix)}


async def publish_all(servers: Endpoints, messages: list[Message]) -> None:
    await asyncio.to_thread(publish, servers.bootstrap_servers, messages)


async def all_handled(settings: Settings) -> None:
    deadline = time.monotonic() + SECONDS
    servers, prefix = settings.bootstrap_servers, settings.prefix
    assert await asyncio.to_thread(wait_until_handled, servers, BOTH, prefix=prefix, deadline=deadline)


async def write_stray(servers: Endpoints, topic: str, key: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=servers.bootstrap_servers) as producer:
        await producer.send_and_wait(topic, b"{}", key)


async def duplicates_in(settings: Settings) -> int:
    """How many replies of both aggregates say that they repeat an outcome."""
    found = [await records_of(settings, f"{aggregate}.replies", MORE) for aggregate in BOTH]
    replies = [orjson.loads(value) for records in found for some in records.values() for _, value, _ in some]
    return sum(reply["data"]["duplicate"] for reply in replies)


async def records_of(settings: Settings, topic: str, partitions: int, *, placed: bool = False) -> Records:
    """All that is committed; with `placed` it has to lie where its key says."""
    found: Records = defaultdict(list)
    reader = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    async with reader, asyncio.timeout(SECONDS):
        for partition in range(partitions):
            tp = TopicPartition(settings.prefix + topic, partition)
            reader.assign([tp])
            end = (await reader.end_offsets([tp]))[tp]
            while await reader.position(tp) < end:
                for record in (await reader.getmany(tp, timeout_ms=200)).get(tp, []):
                    if placed and record.key is not None:
                        assert partition == partition_of(record.key, partitions)
                    found[partition if record.key is None else record.key].append(
                        (record.timestamp, record.value, record.headers)
                    )
    return dict(found)
