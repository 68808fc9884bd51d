"""A client needs the rights for what it does, and no others: as the contracts' README names them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.errors import ClusterAuthorizationFailedError
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from fairlead import Client
from fairlead.failures import TopicsMissing
from fairlead.ship import RegisterShip
from service.local.child import until
from service.local.servers import Endpoints
from tests.chaos.broker import Broker, running_broker, tell_brokers
from tests.kafka.test_not_authorised import ALLOWING
from tests.running import apply_topics, settings_for

_SECONDS = 30.0
_REGISTER, _SHIP = RegisterShip(name="x"), str(uuid4())


@pytest.fixture
async def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Broker]:
    """One that allows only what is said of a resource, once something is."""
    tell_brokers(monkeypatch, ALLOWING)
    async with running_broker(tmp_path) as broker:
        nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
        await apply_topics(settings_for(Endpoints(broker.bootstrap_servers, nowhere), ""))
        yield broker


async def allow(broker: Broker, topic: str, right: AclOperation) -> None:
    """Have this right on this topic alone of ship's; to write as an idempotent producer takes one to write a topic."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    topics = [f"ship.{kind}" for kind in ("commands", "events", "replies")]
    rights: list[Any] = [(ResourceType.TOPIC, topic, right, AclPermissionType.ALLOW)]
    # Where something is said of a topic, what is not said is not allowed.
    rights += [(ResourceType.TOPIC, one, AclOperation.ALTER_CONFIGS, AclPermissionType.ALLOW) for one in topics]
    if right is not AclOperation.WRITE:
        rights += [(ResourceType.TOPIC, "*", AclOperation.WRITE, AclPermissionType.DENY)]
    # The broker is the same nobody to its controller.
    cluster = ResourceType.BROKER, "kafka-cluster"
    rights += [(*cluster, AclOperation.ALL, AclPermissionType.ALLOW)]
    rights += [(*cluster, AclOperation.IDEMPOTENT_WRITE, AclPermissionType.DENY)]
    bindings = [
        AclBinding(kind, name, ResourcePatternType.LITERAL, "User:ANONYMOUS", "*", *what)
        for kind, name, *what in rights
    ]
    for future in admin.create_acls(bindings).values():
        await asyncio.to_thread(future.result, _SECONDS)
    # The broker hears of it a little later.
    assert await until(lambda: {*topics} & {*admin.list_topics(timeout=_SECONDS).topics} == {topic}, _SECONDS)


async def test_who_may_only_read_events_reads_them(broker: Broker) -> None:
    await allow(broker, "ship.events", AclOperation.READ)
    async with Client(bootstrap_servers=broker.bootstrap_servers) as client:
        assert [] == [event async for event in client.events("ship", follow=False)]
        await client.latest("ship")
        with pytest.raises(ClusterAuthorizationFailedError):
            await client.publish(_REGISTER, _SHIP)


async def test_who_may_only_write_commands_publishes_them_and_is_told_what_waiting_for_a_reply_takes(
    broker: Broker,
) -> None:
    await allow(broker, "ship.commands", AclOperation.WRITE)
    async with Client(bootstrap_servers=broker.bootstrap_servers) as client:
        await client.publish(_REGISTER, _SHIP)
        with pytest.raises(TopicsMissing, match=r"ship\.replies.*may not describe"):
            await client.send(_REGISTER, _SHIP)
