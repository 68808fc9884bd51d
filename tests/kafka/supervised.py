"""A handler whose readiness is asked for over HTTP, and what keeps it from owning a partition."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaProducer
from httpx import AsyncClient, TransportError

from service.app import run_handler
from service.local.servers import Endpoints
from service.settings import Settings
from tests.running import PARTITIONS, beside

PARTS = PARTITIONS + 1  # its place in the group is one of them
SECONDS = 30.0
Answer = tuple[int, dict[str, Any]]


def handling(settings: Settings) -> AbstractAsyncContextManager[object]:
    """A handler of ships from its start on, ready or not."""
    return beside(run_handler(settings, ["ship"]))


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(base_url=f"http://127.0.0.1:{settings.health_port}") as http:
        yield http


async def readyz(http: AsyncClient, wanted: Callable[[Answer], bool]) -> Answer:
    """The first answer that is wanted."""
    async with asyncio.timeout(SECONDS):
        while True:
            with suppress(TransportError):  # nobody listens yet
                response = await http.get("/readyz")
                answer = response.status_code, response.json()
                if wanted(answer):
                    return answer
            await asyncio.sleep(0.02)


def ready_parts(answer: Answer) -> list[Any]:
    return [part for part in answer[1]["parts"] if part["ready"]]


def the_missing(answer: Answer) -> str:
    """The name of the one part that is not ready."""
    code, told = answer
    assert (503, "not ready") == (code, told["status"])
    [missing] = [part for part in told["parts"] if not part["ready"]]
    assert {"name", "state", "ready", "reason"} == missing.keys()
    return str(missing["name"])


async def fence(servers: Endpoints, transactional_id: str) -> None:
    """Take an owner's place for a moment: it acquires its partition anew when it would next write."""
    producer = AIOKafkaProducer(bootstrap_servers=servers.bootstrap_servers, transactional_id=transactional_id)
    await producer.start()
    await producer.stop()


@asynccontextmanager
async def open_transaction(servers: Endpoints, topic: str, partition: int) -> AsyncIterator[None]:
    """Somebody else's, with a record in the partition: no owner decides on what it cannot see."""
    stranger = f"{topic}-{partition}.stranger"
    producer = AIOKafkaProducer(bootstrap_servers=servers.bootstrap_servers, transactional_id=stranger)
    await producer.start()
    try:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"never committed", partition=partition)
        yield
        await producer.abort_transaction()
    finally:
        await producer.stop()
