"""Somebody with an unmistakable name, through the whole service on servers of its own, and then forgotten."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic import SecretStr

from fairlead.client import Client
from fairlead.kafka.partitions import partition_of
from service import app
from service.commands.personal import DataKey
from service.kafka.logs import open_logs
from service.local.servers import local_servers
from service.postgres.builds import next_offsets
from service.postgres.keys import PostgresKeys, prepare_keys
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool
from service.postgres.schema import prepare_projections
from service.postgres.signals import open_signals
from service.projections import PROJECTIONS
from service.projections.build import Build
from service.projections.level import behind
from service.settings import Settings
from tests.cli.processes import Ended, begin, outcome_of, tell_of
from tests.running import PARTITIONS, running_handler, running_projectors

NAME = "Zebedee Unmistakable-Øre"
SAID = "also known as Zebedee Unmistakable-Øre"
USER, NAMESAKE, OTHER, LATE, NOBODY = (str(uuid4()) for _ in range(5))


@dataclass
class Place:
    """What there is when it is all over; `certificate` is what `fairlead erase` said of USER.

    `late` and `nobody` are how it ended for these.
    """

    directory: Path
    settings: Settings
    pool: Pool
    key: DataKey = field(default=DataKey("", None))
    certificate: Any = None
    exported: list[dict[str, Any]] = field(default_factory=list)
    late: tuple[int, str] = (0, "")
    nobody: tuple[int, str] = (0, "")

    @property
    def names(self) -> Names:
        """Those of its schemas."""
        return Names(self.settings.prefix)

    def topic(self, kind: str) -> str:
        """The users' topic of a kind."""
        return f"{self.settings.prefix}user.{kind}"

    async def fairlead(self, *words: str) -> Ended:
        """The exit code, what was printed as JSON, and what was said."""
        return await outcome_of(
            await begin({"FAIRLEAD_PREFIX": self.settings.prefix}, *words, "--dir", str(self.directory))
        )

    async def put(
        self, kind: str, value: bytes, key: str = USER, partition: int | None = None, *, keep: bool = True
    ) -> str:
        """Write a record as anybody could who may, or in a transaction that is not kept; its place."""
        own = partition_of(key.encode(), PARTITIONS) if partition is None else partition
        id_ = f"{self.settings.prefix}{uuid4()}"
        async with AIOKafkaProducer(bootstrap_servers=self.settings.bootstrap_servers, transactional_id=id_) as one:
            await one.begin_transaction()
            sent = await one.send_and_wait(self.topic(kind), value, key=key.encode(), partition=own)
            await (one.commit_transaction() if keep else one.abort_transaction())
        return f"{self.topic(kind)}[{own}] offset {sent.offset}"

    async def ask(self, type_: str, data: Mapping[str, Any], subject: str = USER) -> None:
        """Have a command answered."""
        async with Client(prefix=self.settings.prefix, bootstrap_servers=self.settings.bootstrap_servers) as client:
            await client.send_raw("user", type_, subject, data)

    async def records(self, kind: str) -> AsyncIterator[Any]:
        """All that is on a topic, those of aborted transactions too."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.bootstrap_servers, auto_offset_reset="earliest", enable_auto_commit=False
        )
        async with consumer:
            assigned = [TopicPartition(self.topic(kind), number) for number in range(PARTITIONS)]
            consumer.assign(assigned)
            ends = await consumer.end_offsets(assigned)
            found: list[Any] = []
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found += records
        for record in found:
            yield record


@asynccontextmanager
async def forgotten(directory: Path) -> AsyncIterator[Place]:
    """The servers go on; the service does not."""
    async with local_servers(directory, lambda _: None) as servers:
        settings = Settings(
            bootstrap_servers=servers.bootstrap_servers,
            database_url=SecretStr(servers.database_url),
            prefix="gone.",
            state_dir=str(directory / "state"),
        )
        tell_of(directory, servers)
        await app.apply_topics(settings, partitions=PARTITIONS, replication=1)
        async with open_pool(servers.database_url, size=2) as pool:
            place = Place(directory, settings, pool)
            await prepare_keys(pool, place.names)
            await prepare_projections(pool, place.names, PROJECTIONS.values())
            async with running_handler(settings):
                await place.ask("create_user", {"username": "Somebody Else", "balance": 1}, LATE)
                code, _, told = await place.fairlead("erase", "user", LATE, "--wait", "3")
                place.late = code, told
                async with running_projectors(settings):
                    await _story(place)
            yield place


async def _story(place: Place) -> None:
    created = {"username": NAME, "balance": 100}
    command = {"specversion": "1.0", "id": str(uuid4()), "source": "/test", "type": "create_user", "subject": USER}
    astray = (partition_of(USER.encode(), PARTITIONS) + 1) % PARTITIONS
    await place.put("commands", json.dumps(command | {"data": created}, ensure_ascii=False).encode(), partition=astray)
    for data in (created, created, created | {"note": SAID}):
        await place.ask("create_user", data)
    await place.ask("create_user", created, NAMESAKE)
    await place.ask("create_user", {"username": "Somebody Else", "balance": 1}, OTHER)
    await place.ask("change_balance", {"balance_change": 5})
    async with asyncio.timeout(60):
        while len([letter async for letter in place.records("dead-letters")]) < 2:  # one astray, one with a note
            pass
    # Whose name the journal has not got yet is searched for by shape alone.
    await _projected(place)
    place.key = (await PostgresKeys(place.pool, place.names).find("user", [USER]))[USER]
    code, place.certificate, told = await place.fairlead("erase", "user", USER, "--output", str(place.directory / "it"))
    assert code == 0, told
    code, _, told = await place.fairlead("erase", "user", NOBODY)
    place.nobody = code, told
    # One with the name comes late; and one of each kind of entity, so that all are swept into snapshots.
    await place.ask("create_user", created)
    await place.ask("change_balance", {"balance_change": 5}, OTHER)
    place.exported = [dict(event) async for event in app.export_events(place.settings, "user")]
    await _projected(place)


async def _projected(place: Place) -> None:
    """Return once every projection has read all that there is of users."""
    async with open_logs(
        {"bootstrap_servers": place.settings.bootstrap_servers}, [place.topic(kind) for kind in ("events", "replies")]
    ) as logs:
        ends = await logs.ends()
    async with open_signals(place.pool, place.names) as signals, asyncio.timeout(60):
        for one in PROJECTIONS.values():
            topics = {place.topic(source.kind) for source in one.sources if source.aggregate == "user"}
            theirs = {at: end for at, end in ends.items() if at[0] in topics}
            while moved := signals.next(one.name):
                async with place.pool.acquire() as connection:
                    reached = await next_offsets(connection, place.names, Build(one.name, one.version))
                if not behind(reached, theirs):
                    break
                await moved.wait()


def files_with(directory: Path, content: bytes) -> Iterator[Path]:
    """All below this directory that hold these bytes; servers that run there remove files meanwhile."""
    for folder, _, names in os.walk(directory):
        for path in (Path(folder) / name for name in names):
            with suppress(FileNotFoundError):
                if path.is_file() and content in path.read_bytes():
                    yield path
