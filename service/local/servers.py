"""The two servers that Fairlead needs, for as long as somebody uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from service.local.child import Child, stop
from service.local.claim import claimed
from service.local.kafka import start_kafka
from service.local.orphans import stop_orphans
from service.local.ports import ports
from service.local.postgres import start_postgres


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the servers are reached."""

    bootstrap_servers: str
    database_url: str


@asynccontextmanager
async def local_servers(directory: Path, say: Callable[[str], None]) -> AsyncIterator[Endpoints]:
    """Run both on the data in this directory; raise StackInUse if somebody does already, StackFailed if they cannot."""
    with claimed(directory) as place:
        await stop_orphans(place, say)
        say("Starting Kafka and PostgreSQL")
        kafka_port, controller_port, postgres_port = ports(place, "kafka", "controller", "postgres")
        children: list[Child] = []

        async def kafka() -> None:
            children.append(await start_kafka(place, (kafka_port, controller_port), say))

        async def postgres() -> str:
            child, url = await start_postgres(place, postgres_port, say)
            children.append(child)
            return url

        try:
            starting = asyncio.create_task(postgres()), asyncio.create_task(kafka())
            try:
                database_url, _ = await asyncio.gather(*starting)
            finally:
                for task in starting:
                    task.cancel()
                await asyncio.wait(starting)
            yield Endpoints(f"127.0.0.1:{kafka_port}", database_url)
        finally:
            await asyncio.gather(*(stop(child) for child in children))
