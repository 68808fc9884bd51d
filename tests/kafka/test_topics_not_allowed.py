"""What the broker does not allow to be asked or deleted is named, and nothing is taken to be otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from service.app import check_topics
from service.kafka.connection import connection
from service.kafka.in_force import partitions_in_force
from service.kafka.moving.places import Halfway
from service.kafka.retention import retention_of
from service.kafka.topics import KINDS, Topics
from service.local.servers import Endpoints
from service.moving import Move
from tests.chaos.broker import running_broker, tell_brokers
from tests.kafka.moves import ONE_MORE, SECONDS, begun, places, quietly, topics_of
from tests.kafka.test_not_authorised import ALLOWED, ALLOWING, DENIED
from tests.running import apply_topics, running_handler

Resource = tuple[ResourceType, str]

# Of brokers that are told more than to allow things: topics are made, checked and moved there as anywhere.
OTHER_DEFAULTS = {"log.message.timestamp.type": "LogAppendTime", "log.retention.bytes": "1000000"}
# Who may delete in the cluster is not asked for topics.
CLUSTER = (ResourceType.BROKER, "kafka-cluster")


async def test_topics_that_do_not_say_whether_they_are_there_or_how_or_are_not_to_be_deleted_are_named(
    servers: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_brokers(monkeypatch, {**ALLOWING, **OTHER_DEFAULTS})
    async with running_broker(tmp_path) as broker:
        there = Endpoints(broker.bootstrap_servers, servers.database_url)
        old, new = places(there)
        await begun(old)
        unsaid, kept = f"{old.prefix}ship.commands", f"{new.prefix}ship.replies"
        told = f"{unsaid}: its settings are not told: who asks needs DescribeConfigs on the topic"
        async with _denied(there, AclOperation.DESCRIBE_CONFIGS, (ResourceType.TOPIC, unsaid)):
            assert [told] == await check_topics(old, production=False)
            assert told in await check_topics(old, production=True)
            with pytest.raises(LookupError, match="needs DescribeConfigs on the topic"):
                await retention_of(connection(old), unsaid)

        move = Move(old, "ship", new.prefix)
        await move.make(ONE_MORE, 1, quietly)
        all_five = ((ResourceType.TOPIC, f"{new.prefix}ship.{kind}") for kind in KINDS)
        async with _denied(there, AclOperation.DESCRIBE, *all_five):
            for asking in (move.take_back(), move.make(ONE_MORE, 1, quietly), apply_topics(new)):
                with pytest.raises(LookupError, match=rf"{new.prefix}ship\.commands, .* needs Describe on the topic"):
                    await asking
            with pytest.raises(LookupError, match="are closed by"):
                await partitions_in_force(connection(old), Topics("ship", old.prefix))

        async with _denied(there, AclOperation.DELETE, (ResourceType.TOPIC, kept), CLUSTER):
            with pytest.raises(Halfway) as told_of:
                await move.take_back()
            assert f"{kept} is not deleted: TOPIC_AUTHORIZATION_FAILED" in str(told_of.value.__cause__)
            assert kept in await topics_of(new)
            async with running_handler(old):
                pass
        await move.take_back()
        assert set() == await topics_of(new)


@asynccontextmanager
async def _denied(servers: Endpoints, operation: AclOperation, *resources: Resource) -> AsyncIterator[None]:
    admin, user, host = AdminClient({"bootstrap.servers": servers.bootstrap_servers}), *DENIED[:2]
    denied = (user, host, operation, AclPermissionType.DENY)
    literal = ResourcePatternType.LITERAL
    made = admin.create_acls(
        [AclBinding(kind, name, literal, *rights) for kind, name in resources for rights in (ALLOWED, denied)]
    )
    await asyncio.gather(*(asyncio.to_thread(future.result, SECONDS) for future in made.values()))
    yield
    gone = admin.delete_acls([AclBindingFilter(kind, name, literal, *denied) for kind, name in resources])
    await asyncio.gather(*(asyncio.to_thread(future.result, SECONDS) for future in gone.values()))
