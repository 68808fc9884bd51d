"""Dead letters for the command line to work on: real ones by a handler, or written as the contract says."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from service.audit.hashing import partition_of
from service.local.servers import Endpoints
from service.postgres.names import Names
from service.postgres.pool import open_pool
from service.postgres.schema import prepare_projections
from service.projections import PROJECTIONS
from service.settings import Settings
from tests.cli.processes import Ended, begin, outcome_of, tell_of
from tests.running import PARTITIONS, apply_topics, settings_for

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Desk:
    """Topics of their own, a publisher that takes any partition, and `fairlead dead-letters` in a process."""

    settings: Settings
    directory: Path
    producer: AIOKafkaProducer

    @classmethod
    async def open(cls, servers: Endpoints, directory: Path) -> Desk:
        """To be closed."""
        settings = settings_for(servers, f"letters-{uuid4().hex[:8]}.")
        await apply_topics(settings)
        async with open_pool(servers.database_url, size=1) as pool:
            await prepare_projections(pool, Names(settings.prefix), [*PROJECTIONS.values()])
        tell_of(directory, servers)
        producer = AIOKafkaProducer(bootstrap_servers=servers.bootstrap_servers)
        await producer.start()
        return cls(settings, directory, producer)

    async def close(self) -> None:
        await self.producer.stop()

    def line(self, *words: str) -> tuple[str, ...]:
        return ("dead-letters", *words, "--dir", str(self.directory))

    @property
    def environment(self) -> dict[str, str]:
        return {"FAIRLEAD_PREFIX": self.settings.prefix}

    async def begin(self, *words: str) -> Process:
        """Start it."""
        return await begin(self.environment, *self.line(*words))

    async def run(self, *words: str) -> Ended:
        """The exit code, what was printed as JSON, and what was said."""
        return await outcome_of(await self.begin(*words))

    async def letters(self, *words: str) -> list[dict[str, Any]]:
        code, found, told = await self.run("list", "ship", *words)
        assert code == 0, told
        return list(found)

    async def until(self, count: int) -> list[dict[str, Any]]:
        """The dead letters, once there are so many."""
        await self.records("dead-letters", count)
        return await self.letters()

    async def put(
        self,
        kind: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> int:
        """Write a record of a ship; its offset."""
        topic = f"{self.settings.prefix}ship.{kind}"
        sent = await self.producer.send_and_wait(topic, value, key=key, partition=partition, headers=headers)
        return int(sent.offset)

    async def put_letter(
        self, ship: str, offset: int, *, code: str = "parked", redrives: int | None = None, value: bytes | None = None
    ) -> int:
        """A dead letter of a ship's command, as its owner would write it."""
        place = partition_of(ship.encode(), PARTITIONS)
        said = {"code": code, "reason": "because", "partition": place, "offset": offset, "timestamp": 1_700_000_000_000}
        said |= {} if redrives is None else {"redrives": redrives}
        headers = [(f"fairlead-{name}", str(text).encode()) for name, text in said.items()]
        return await self.put("dead-letters", place, ship.encode(), value or command(ship), headers)

    async def park(self, ship: str, since: int | None) -> None:
        """Say that a ship is parked, or is no more."""
        place = partition_of(ship.encode(), PARTITIONS)
        value = {"parked": None if since is None else {"from": since}}
        await self.put("snapshots", place, ship.encode(), json.dumps(value).encode())

    async def records(self, kind: str, count: int) -> list[Any]:
        """The first records of a topic of ships, in the order of their offsets on each partition."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.bootstrap_servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        async with consumer:
            topic = f"{self.settings.prefix}ship.{kind}"
            consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
            found: list[Any] = []
            async with asyncio.timeout(PATIENCE):
                while len(found) < count:
                    for records in (await consumer.getmany(timeout_ms=100)).values():
                        found += records
            return found


def command(
    ship: str, type_: str = "register_ship", data: Mapping[str, Any] | None = None, id_: str | None = None
) -> bytes:
    """A command as a stranger would write it."""
    envelope = {"specversion": "1.0", "id": id_ or str(uuid4()), "source": "/test", "type": type_, "subject": ship}
    return json.dumps(envelope | {"data": {"name": "Rio"} if data is None else data}).encode()


def astray(ship: str, by: int = 1) -> int:
    """A partition that is not the ship's."""
    return (partition_of(ship.encode(), PARTITIONS) + by) % PARTITIONS
