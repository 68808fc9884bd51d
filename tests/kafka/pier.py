"""Two partitions with a ship on each: one is spoilt from outside, the other shows that the rest goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from service import app
from service.audit.hashing import partition_of
from service.local.child import until
from service.local.servers import Endpoints
from tests.checker import Report, check
from tests.ends import end_of
from tests.running import settings_for
from tests.workload import Message, publish

SPOILT, SOUND = 0, 1
WRITTEN = ("events", "replies", "dead-letters", "snapshots")
SECONDS = 30.0
_PARTITIONS = 2

Logs = list[Any]


class Pier:
    """What a test does to the topics, and what it sees of them."""

    def __init__(self, servers: Endpoints, **settings: Any) -> None:
        self.settings = settings_for(servers, f"pier-{uuid4().hex[:8]}.", **settings)
        self.bootstrap_servers = servers.bootstrap_servers
        self._admin = AdminClient({"bootstrap.servers": servers.bootstrap_servers})
        ids = (str(UUID(int=number, version=4)) for number in count(1))
        self._ships = {partition_of(one.encode(), _PARTITIONS): one for one, _ in zip(ids, range(20), strict=False)}

    def topic(self, kind: str) -> str:
        """The ships' topic of a kind."""
        return f"{self.settings.prefix}ship.{kind}"

    async def build(self) -> Pier:
        """Create what is missing of the topics."""
        await app.apply_topics(self.settings, partitions=_PARTITIONS, replication=1)
        return self

    async def recreate(self, kind: str) -> None:
        """Delete a topic and make it anew under its name."""
        topic = self.topic(kind)
        await asyncio.to_thread(self._admin.delete_topics([topic])[topic].result, SECONDS)
        assert await until(lambda: topic not in self._admin.list_topics(timeout=SECONDS).topics, SECONDS)
        await self.build()

    async def remove(self, kind: str, partition: int, before: int) -> None:
        """Remove all records below an offset, as retention does."""
        at = TopicPartition(self.topic(kind), partition, before)
        [future] = self._admin.delete_records([at]).values()
        await asyncio.to_thread(future.result, SECONDS)

    async def ask(self, partition: int, type_: str, **data: str) -> None:
        """Publish a command for the ship of a partition."""
        ship = self._ships[partition]
        fields = {"specversion": "1.0", "id": str(uuid4()), "source": "/test", "type": type_, "subject": ship}
        message = Message(self.topic("commands"), ship.encode(), json.dumps(fields | {"data": data}).encode())
        await asyncio.to_thread(publish, self.bootstrap_servers, [message])

    async def write(self, kind: str, partition: int, value: bytes) -> None:
        """Publish as a stranger who has no business there."""
        producer = Producer({"bootstrap.servers": self.bootstrap_servers})
        producer.produce(self.topic(kind), value, self._ships[partition].encode(), partition)
        assert await asyncio.to_thread(producer.flush, SECONDS) == 0

    def event(self, partition: int, version: int) -> bytes:
        """An event of a partition's ship such as the service might have written."""
        return json.dumps(
            {
                "specversion": "1.0",
                "id": str(uuid4()),
                "source": "/fairlead/ship",
                "type": "ShipDocked",
                "subject": self._ships[partition],
                "time": "2026-11-24T18:20:00.000Z",
                "entityversion": version,
                "causationid": str(uuid4()),
                "commanddigest": "0" * 32,
                "data": {"port": "Rio"},
            }
        ).encode()

    def ends(self, partition: int) -> dict[str, int]:
        """The high watermark of everything that the owner of a partition writes."""
        # A new one each time: it must not remember a topic that was deleted.
        consumer = Consumer({"bootstrap.servers": self.bootstrap_servers, "group.id": "not-used"})
        try:
            return {kind: end_of(consumer, self.topic(kind), partition) for kind in WRITTEN}
        finally:
            consumer.close()

    async def goes_on(self, partition: int) -> None:
        """Return once a command for a partition is answered."""
        await self.told(partition, "register_ship", name="Pacific Explorer")

    async def told(self, partition: int, type_: str, **data: str) -> None:
        """Publish a command for the ship of a partition, and return once it is answered."""
        before = self.ends(partition)["replies"]
        await self.ask(partition, type_, **data)
        # The record of the reply and the marker of its transaction.
        assert await until(lambda: self.ends(partition)["replies"] >= before + 2, SECONDS)

    async def report(self) -> Report:
        """What the checker says."""
        prefix, allow = self.settings.prefix, self.settings.allow_import
        return await asyncio.to_thread(
            check, self.bootstrap_servers, prefix=prefix, aggregates=["ship"], allow_import=allow, timeout=SECONDS
        )

    @asynccontextmanager
    async def handling(self) -> AsyncIterator[asyncio.Task[None]]:
        """A handler that nobody waits for to be ready, since it may never be."""
        handler = asyncio.create_task(app.run_handler(self.settings, ["ship"]))
        try:
            yield handler
            assert not handler.done(), handler
        finally:
            handler.cancel()
            await asyncio.wait({handler})


async def said(logs: Logs, *events: str, **fields: Any) -> Any:
    """The first line of the log with one of these words and all of these fields, once it is there."""

    def found() -> Any:
        return next((line for line in logs if line["event"] in events and fields.items() <= line.items()), None)

    assert await until(lambda: found() is not None, SECONDS), logs
    return found()
