"""A ship on a partition of its own, so that a test can take one protection away and let the checker judge."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from service import app
from service.kafka.transaction import PartitionProducer
from service.local.servers import Endpoints
from service.settings import Settings
from tests.checker import Report, check
from tests.checker.waiting import wait_until_handled
from tests.running import settings_for
from tests.workload import Message, publish

Asked = tuple[str, dict[str, Any]]

REGISTER: Asked = ("register_ship", {"name": "Pacific Explorer"})
DOCK: Asked = ("dock_ship", {"port": "Rio"})
DEPART: Asked = ("depart_ship", {})
DOCK_FAR: Asked = ("dock_ship", {"port": "船" * 200})
_ROOM = 900
SECONDS = 20.0


class Harbour:
    """Topics with one partition, and what can be asked and seen there."""

    def __init__(self, servers: Endpoints, **settings: Any) -> None:
        self.settings: Settings = settings_for(servers, f"protections-{uuid4().hex[:8]}.", **settings)
        self.events = f"{self.settings.prefix}ship.events"
        self._servers = servers.bootstrap_servers

    async def build(self, *, cramped: bool = False) -> Harbour:
        """Create the topics; a cramped one has no room for a ship that docks far away."""
        if cramped:
            admin = AdminClient({"bootstrap.servers": self._servers})
            topic = NewTopic(self.events, 1, 1, config={"max.message.bytes": str(_ROOM), "retention.ms": "-1"})
            await asyncio.to_thread(admin.create_topics([topic])[self.events].result, SECONDS)
        await app.apply_topics(self.settings, partitions=1, replication=1)
        return self

    async def widen(self) -> None:
        """Let every event in from now on."""
        entry = ConfigEntry("max.message.bytes", "1000000", incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, self.events, incremental_configs=[entry])
        admin = AdminClient({"bootstrap.servers": self._servers})
        [future] = admin.incremental_alter_configs([resource]).values()
        await asyncio.to_thread(future.result, SECONDS)

    async def ask(self, *commands: Asked, ship: int = 1) -> None:
        """Publish commands for a ship."""
        topic, subject = f"{self.settings.prefix}ship.commands", ship_id(ship)
        messages = [Message(topic, subject.encode(), _command(subject, *command)) for command in commands]
        await asyncio.to_thread(publish, self._servers, messages)

    async def handled(self) -> None:
        """Return once the checkpoint covers all commands."""
        prefix, deadline = self.settings.prefix, time.monotonic() + SECONDS
        await asyncio.to_thread(wait_until_handled, self._servers, ["ship"], prefix=prefix, deadline=deadline)

    async def report(self, *, wait: float = SECONDS, **allowed: Any) -> Report:
        """What the checker says."""
        prefix = self.settings.prefix
        return await asyncio.to_thread(
            check, self._servers, prefix=prefix, aggregates=["ship"], timeout=wait, **allowed
        )


class Writes:
    """Watches transactions end; what one that failed is to be followed by, happens before its owner hears of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, then: Callable[[], Awaitable[None]] | None = None) -> None:
        self.failures: list[str] = []
        self._ended: asyncio.Queue[None] = asyncio.Queue()
        write = PartitionProducer.write

        async def watched(producer: PartitionProducer, topics: Sequence[Any]) -> dict[str, int]:
            try:
                return await write(producer, topics)
            except Exception as error:
                self.failures.append(type(error).__name__)
                if then is not None:
                    await then()
                raise
            finally:
                self._ended.put_nowait(None)

        monkeypatch.setattr(PartitionProducer, "write", watched)

    async def one(self) -> None:
        """Return once one more has ended, well or not."""
        await asyncio.wait_for(self._ended.get(), SECONDS)


def ship_id(number: int) -> str:
    """The id of a ship."""
    return str(UUID(int=number, version=4))


def _command(subject: str, kind: str, data: dict[str, Any]) -> bytes:
    command = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/test",
        "type": kind,
        "subject": subject,
        "data": data,
    }
    return json.dumps(command).encode()
