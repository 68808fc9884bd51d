"""Where the broker no longer allows one write of a transaction, none of it is published, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from structlog.testing import capture_logs

from service.local.child import until
from service.local.servers import Endpoints
from tests.chaos.broker import running_broker, tell_brokers
from tests.kafka.protections import DOCK, REGISTER, SECONDS, Harbour
from tests.running import running_handler

# The controller and the test's tools are the same nobody as the handler: what is not denied is allowed.
ALLOWING = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}
DENIED = ("User:ANONYMOUS", "*", AclOperation.WRITE, AclPermissionType.DENY)
ALLOWED = ("User:ANONYMOUS", "*", AclOperation.ALL, AclPermissionType.ALLOW)


async def test_without_the_right_to_write_replies_no_event_is_published_and_with_it_again_all_is(
    servers: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_brokers(monkeypatch, ALLOWING)
    async with running_broker(tmp_path) as broker:
        harbour = await Harbour(Endpoints(broker.bootstrap_servers, servers.database_url)).build()
        admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
        replies = f"{harbour.settings.prefix}ship.replies"
        bindings = [
            AclBinding(ResourceType.TOPIC, replies, ResourcePatternType.LITERAL, *rights)
            for rights in (ALLOWED, DENIED)
        ]
        async with running_handler(harbour.settings):
            await harbour.ask(REGISTER)
            await harbour.handled()
            for future in admin.create_acls(bindings).values():
                await asyncio.to_thread(future.result, SECONDS)
            with capture_logs() as logs:
                await harbour.ask(DOCK)
                assert await until(partial(_told, logs), SECONDS)
            between = await harbour.report(settled=False)
            denied = AclBindingFilter(ResourceType.TOPIC, replies, ResourcePatternType.LITERAL, *DENIED)
            for future in admin.delete_acls([denied]).values():
                await asyncio.to_thread(future.result, SECONDS)
            after = await harbour.report()

    assert between.ok, between.text()
    assert between.counts["events"] == 1
    assert after.ok, after.text()
    assert after.counts["events"] == after.counts["accepted"] == 2


def _told(logs: Sequence[Any]) -> bool:
    return any("TopicAuthorizationFailed" in line.get("reason", "") for line in logs)
