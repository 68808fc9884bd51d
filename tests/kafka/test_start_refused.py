"""A handler that could not keep its promises does not begin: it says why in one line and ends with a code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewPartitions

from fairlead.ship import RegisterShip
from service.app import run_handler
from service.cli.exits import Exit
from service.cli.faults import explain
from service.cli.kafka_client import open_client
from service.kafka.broker import NoTransactions
from service.kafka.connection import connection
from service.kafka.topics import KINDS, Topics, check_topics, settings_of
from service.local.servers import Endpoints
from service.settings import Settings
from tests.chaos.broker import running_broker, tell_brokers
from tests.chaos.role import environment
from tests.programs import said_within
from tests.running import apply_topics, running_handler, settings_for

SECONDS = 30.0
WEEK_MS = 7 * 24 * 3600 * 1000

Prepare = Callable[[Settings], Awaitable[None]]


async def nothing(_: Settings) -> None:
    """No topic was ever made."""


async def one_topic_wider(settings: Settings) -> None:
    await apply_topics(settings)
    await grow(settings, ["ship.replies"])


async def times_of_senders(settings: Settings) -> None:
    await apply_topics(settings)
    await alter(settings, "ship.commands", "message.timestamp.type", "CreateTime")


async def events_that_expire(settings: Settings) -> None:
    await apply_topics(settings)
    await alter(settings, "user.events", "retention.ms", "1000")


async def snapshots_that_expire(settings: Settings) -> None:
    await apply_topics(settings)
    await alter(settings, "ship.snapshots", "cleanup.policy", "delete")


async def commands_that_expire_sooner(settings: Settings) -> None:
    await apply_topics(settings)
    await alter(settings, "ship.commands", "retention.ms", str(WEEK_MS - 1))


async def all_topics_wider(settings: Settings) -> None:
    """All five were grown alike, once they had something in them."""
    await apply_topics(settings)
    async with running_handler(settings), open_client(settings, "/test") as client:
        await client.send(RegisterShip(name="Pacific Explorer"), str(uuid4()))
    await grow(settings, [f"ship.{kind}" for kind in KINDS])


async def grow(settings: Settings, topics: list[str]) -> None:
    admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
    wanted = [NewPartitions(settings.prefix + topic, 6) for topic in topics]
    for future in admin.create_partitions(wanted).values():
        await asyncio.to_thread(future.result, SECONDS)


async def alter(settings: Settings, topic: str, name: str, value: str) -> None:
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, settings.prefix + topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
    [future] = admin.incremental_alter_configs([resource]).values()
    await asyncio.to_thread(future.result, SECONDS)
    # The broker itself learns of it a little later.
    async with asyncio.timeout(SECONDS):
        while (await settings_of(connection(settings), settings.prefix + topic))[name] != value:
            pass


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (nothing, ("ship.commands: missing", "`fairlead topics apply` creates it")),
        (one_topic_wider, ("all five topics need one partition count", "ship.replies 6")),
        (all_topics_wider, ("has 6 partitions, but was begun with 4", "`fairlead topics migrate ship`")),
        (times_of_senders, ("ship.commands: message.timestamp.type is CreateTime, must be LogAppendTime",)),
        (events_that_expire, ("user.events: retention.ms is 1000, must be -1",)),
        (commands_that_expire_sooner, (f"ship.commands: retention.ms is {WEEK_MS - 1}, must be {WEEK_MS} at least",)),
        (snapshots_that_expire, ("ship.snapshots: cleanup.policy is delete, must be compact",)),
    ],
)
async def test_topics_that_are_not_as_they_must_be_are_refused(
    servers: Endpoints, prepare: Prepare, words: tuple[str, ...]
) -> None:
    settings = settings_for(servers, f"refused-{uuid4().hex[:8]}.")
    await prepare(settings)
    code, told = await _handle(settings)

    assert Exit.FAILED == code
    assert 1 == len(told.splitlines()), told
    assert all(word in told for word in words), told


async def test_topics_that_keep_for_longer_than_they_must_are_begun_with(servers: Endpoints) -> None:
    settings = settings_for(servers, f"longer-{uuid4().hex[:8]}.")
    await apply_topics(settings)
    for kind, kept in (("commands", str(WEEK_MS + 1)), ("replies", "-1"), ("dead-letters", str(2**63 - 1))):
        await alter(settings, f"ship.{kind}", "retention.ms", kept)
    assert [] == await check_topics(connection(settings), Topics("ship", settings.prefix))
    async with running_handler(settings), open_client(settings, "/test") as client:
        assert "accepted" == (await client.send(RegisterShip(name="Pacific Explorer"), str(uuid4()))).data.status


async def test_a_bound_in_bytes_is_named_since_it_removes_what_is_not_old_enough(servers: Endpoints) -> None:
    settings = settings_for(servers, f"bounded-{uuid4().hex[:8]}.")
    await apply_topics(settings)
    bounded = ("commands", "events", "replies", "dead-letters")
    for kind in bounded:
        await alter(settings, f"ship.{kind}", "retention.bytes", "1000000")
    assert [
        f"{settings.prefix}ship.{kind}: retention.bytes is 1000000, must be -1" for kind in bounded
    ] == await check_topics(connection(settings), Topics("ship", settings.prefix))


async def test_no_broker_is_told_as_such(servers: Endpoints) -> None:
    code, told = await _handle(settings_for(Endpoints("127.0.0.1:1", servers.database_url), "refused."))

    assert Exit.NO_SERVER == code
    # The client logs what it tried; what is ours is one line.
    assert "No Kafka broker answers" in told.splitlines()[-1]
    assert "Traceback" not in told


async def test_a_broker_without_transactions_is_refused(
    servers: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One node cannot keep three copies of the log of transactions, so it never makes it.
    tell_brokers(monkeypatch, {"transaction.state.log.replication.factor": "3"})
    monkeypatch.setattr("service.kafka.broker._ANSWER_SECONDS", 2.0)
    async with running_broker(tmp_path) as broker:
        settings = settings_for(Endpoints(broker.bootstrap_servers, servers.database_url), "refused.")
        await apply_topics(settings)
        with pytest.raises(NoTransactions, match="began no transaction within 2 s") as refused:
            await run_handler(settings, ["ship"])

    told = explain(refused.value)
    assert (Exit.FAILED, 1) == (told.code, len(str(told).splitlines()))


async def _handle(settings: Settings) -> tuple[int | None, str]:
    """How `python -m service handle` ended, and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", "handle"), env=environment(settings), stderr=asyncio.subprocess.PIPE
    )
    _, told = await said_within(SECONDS, process)
    return process.returncode, told.decode()
