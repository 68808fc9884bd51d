"""Where the run's Kafka and PostgreSQL are: named by variables, in containers, or children of ours."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from service.local.servers import Endpoints, local_servers
from tests import engine
from tests.in_containers import servers_in_containers
from tests.ready import until_ready

Say = Callable[[str], None]

CHOICES = ("any", "containers", "local")
_VARIABLES = ("FAIRLEAD_BOOTSTRAP_SERVERS", "FAIRLEAD_DATABASE_URL")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What opens them, and one line that says which they are."""

    open: Callable[[Say], AbstractAsyncContextManager[Endpoints]]
    told: str


def choose(wanted: str) -> Chosen:
    """One of CHOICES, where `any` are those that variables name, else containers, else ours; raises LookupError."""
    bootstrap_servers, database_url = (os.environ.get(name) for name in _VARIABLES)
    if wanted == "any" and bootstrap_servers and database_url:
        endpoints = Endpoints(bootstrap_servers, database_url)
        return Chosen(lambda _: _given(endpoints), f"those that {' and '.join(_VARIABLES)} name")
    if wanted == "local":
        return Chosen(_local, "the local stack")
    try:
        kafka, postgres = engine.image("KAFKA_IMAGE"), engine.image("POSTGRES_IMAGE")
    except LookupError as missing:
        if wanted == "containers":
            raise
        return Chosen(_local, f"the local stack, since {missing}")
    return Chosen(lambda _: servers_in_containers(kafka, postgres), f"containers of {kafka} and {postgres}")


@asynccontextmanager
async def _given(endpoints: Endpoints) -> AsyncIterator[Endpoints]:
    yield endpoints


@asynccontextmanager
async def _local(say: Say) -> AsyncIterator[Endpoints]:
    with tempfile.TemporaryDirectory(prefix="fairlead-tests-") as folder:
        async with local_servers(Path(folder), say) as endpoints:
            await asyncio.to_thread(until_ready, endpoints.bootstrap_servers)
            yield endpoints
