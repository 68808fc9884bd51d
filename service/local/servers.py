"""The two servers that Fairlead needs, for as long as somebody uses them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from service.local.child import Child, stop, until
from service.local.claim import claimed
from service.local.failure import StackFailed, tail
from service.local.kafka import QUICK_TO_START, start_kafka
from service.local.orphans import stop_orphans
from service.local.ports import ports
from service.local.postgres import start_postgres


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the servers are reached."""

    bootstrap_servers: str
    database_url: str


@dataclass(frozen=True, slots=True)
class Servers:
    """The two, running."""

    endpoints: Endpoints
    children: list[Child]

    async def watch(self) -> None:
        """Raise StackFailed when one of them ends that nobody asked to."""
        await until(lambda: any(child.process.poll() is not None for child in self.children), math.inf)
        ended = next(child for child in self.children if child.process.poll() is not None)
        name, code = ended.program.name, ended.process.returncode
        raise StackFailed(f"{name} ended with code {code}, at: {tail(ended.log)} (see {ended.log}); start again")


@asynccontextmanager
async def local_servers(
    directory: Path, say: Callable[[str], None], tuning: Sequence[str] = QUICK_TO_START
) -> AsyncIterator[Endpoints]:
    """Run both on the data in this directory; raise StackInUse if somebody does already, StackFailed if they cannot.

    `tuning` is how Kafka's Java is set: one of those of service.local.kafka.
    """
    async with running_servers(directory, say, tuning) as servers:
        yield servers.endpoints


@asynccontextmanager
async def running_servers(
    directory: Path, say: Callable[[str], None], tuning: Sequence[str] = QUICK_TO_START
) -> AsyncIterator[Servers]:
    """As local_servers, for one who watches over them."""
    with claimed(directory) as place:
        await stop_orphans(place, say)
        (place / "endpoints.json").unlink(missing_ok=True)  # of a stack that was killed: nobody is there
        say("Starting Kafka and PostgreSQL")
        kafka_port, controller_port, postgres_port = ports(place, "kafka", "controller", "postgres")
        children: list[Child] = []

        async def kafka() -> None:
            children.append(await start_kafka(place, (kafka_port, controller_port), say, tuning))

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
            yield Servers(Endpoints(f"127.0.0.1:{kafka_port}", database_url), children)
        finally:
            await asyncio.gather(*(stop(child) for child in children))
