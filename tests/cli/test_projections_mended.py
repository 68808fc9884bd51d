"""A poison event parks its ship; the code is mended, accepted and redriven; the rows are as if nothing had been."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from service.kafka.topic_making import apply_topics
from service.local.ports import free_port
from service.local.servers import Endpoints
from service.postgres.names import Names
from tests.cli.processes import Ended, begin, outcome_of
from tests.cli.with_projection import load
from tests.event_records import event_record
from tests.postgres.event_log import Log

CODE = '''
from service.projections.projection import Add, Projection, Upsert, View
from service.projections.stored import Source

TABLES = """
CREATE TABLE calls (port text PRIMARY KEY, calls bigint NOT NULL DEFAULT 0);
CREATE TABLE lately (ship_id text PRIMARY KEY, port text);
"""


def project(event):
    port = event.data["port"]
    KNOWN
    yield Add("calls", {"port": port}, {"calls": 1})
    yield Upsert("lately", {"ship_id": event.entity_id}, {"port": port})


PROJECTION = Projection(
    "calls", 1, (Source("ship", "events"),), TABLES, {"calls": View("SELECT * FROM calls", ("port",))}, project
)
'''
SUNK = CODE.replace("KNOWN", 'if port == "Atlantis":\n        raise ValueError(f"Nobody knows where {port} lies")')
STILL_WRONG = SUNK.replace("Nobody knows", "Still nobody knows")
MENDED = CODE.replace("KNOWN", 'port = "the sea" if port == "Atlantis" else port')
OTHER_TABLES = MENDED.replace("port text)", "port text, flag text)")

SHIPS = ("aurora", "borealis", "caravel")
PORTS = ("Oslo", "Riga", "Bergen")


class Line:
    """Runs commands of the line with the projection that stands in the file."""

    def __init__(self, servers: Endpoints, prefix: str, folder: Path) -> None:
        self.health = free_port()
        self._folder = folder
        self.file = folder / "calls.py"
        said = {
            "BOOTSTRAP_SERVERS": servers.bootstrap_servers,
            "DATABASE_URL": servers.database_url,
            "PREFIX": prefix,
            "HEALTH_PORT": self.health,
            "SESSION_TIMEOUT_MS": 6_000,
        }
        mine = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
        self._environment = mine | {f"FAIRLEAD_{name}": str(value) for name, value in said.items()}

    async def begin(self, *words: str, **more: str) -> asyncio.subprocess.Process:
        """Start a command."""
        return await begin(self._environment | more, str(self.file), *words, module="tests.cli.with_projection")

    async def run(self, *words: str) -> Ended:
        """Its exit code, what it printed as JSON, and what it said."""
        async with asyncio.timeout(60):
            return await outcome_of(await self.begin(*words))

    @asynccontextmanager
    async def projecting(self) -> AsyncIterator[None]:
        """`fairlead project calls`, ready on entry."""
        ready = self._folder / f"{uuid4()}.ready"
        process = await self.begin("project", "calls", FAIRLEAD_READY_FILE=str(ready))
        reading = asyncio.create_task(process.communicate())
        try:
            async with asyncio.timeout(60):
                while not await asyncio.to_thread(ready.exists):
                    done, _ = await asyncio.wait({reading}, timeout=0.05)
                    assert not done, reading.result()
            yield
        finally:
            process.terminate()
            await reading

    async def said_of_readiness(self) -> list[dict[str, Any]]:
        """The parts of /readyz."""
        async with httpx.AsyncClient() as client:
            response = await client.get(f"http://127.0.0.1:{self.health}/readyz")
            parts: list[dict[str, Any]] = response.json()["parts"]
            return parts

    async def metric(self, name: str) -> list[float]:
        """The values of a metric of this projection."""
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{self.health}/metrics")).text
        told = [line for line in text.splitlines() if line.startswith(f"{name}{{") and 'projection="calls.v1"' in line]
        return [float(line.rsplit(" ", 1)[1]) for line in told]


def _events(first: int, ports: Iterable[str]) -> list[bytes]:
    """Ships in turn dock at these ports, each event with the ship's next version."""
    return [
        event_record(0, SHIPS[at % 3], at // 3 + 1, ("ShipDocked", {"port": port}), at).value
        for at, port in enumerate(ports, first)
    ]


async def _until(connection: Any, names: Names, end: int) -> None:
    query = f"SELECT max(next_offset) FROM {names.public}.progress WHERE projection = 'calls'"  # noqa: S608
    async with asyncio.timeout(60):
        while (await connection.fetchval(query) or 0) < end:
            pass


@pytest.fixture
async def connection(servers: Endpoints) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(servers.database_url)
    yield connection
    await connection.close()


async def test_from_a_poison_event_to_rows_as_if_it_had_been_none(
    servers: Endpoints, tmp_path: Path, connection: Any
) -> None:
    names = Names(f"mended{uuid4().hex[:6]}.")
    log, line = Log(servers, names), Line(servers, names.prefix, tmp_path)
    await apply_topics(log.connection, ["ship"], log.prefix, partitions=1, replication=1)
    ports = [PORTS[at % 7 % 3] for at in range(90)]
    ports[31] = ports[64] = "Atlantis"  # of borealis
    schema = names.tables(load_of(line, SUNK).build())

    async def parked() -> list[tuple[Any, ...]]:
        found = await connection.fetch(f'SELECT entity_id, "offset", reason FROM {names.public}.parked')  # noqa: S608
        return [tuple(row) for row in found]

    async with line.projecting():
        await _until(connection, names, await log.write(_events(0, ports[:60])))
        assert [("borealis", 31, "ValueError: Nobody knows where Atlantis lies")] == await parked()
        [part] = [part for part in await line.said_of_readiness() if part["name"].startswith("calls.v1 ")]
        assert (True, "1 parked") == (part["ready"], part["reason"][:8])
        assert [1.0] == await line.metric("fairlead_projection_entities_parked")
    code, _, told = await line.run("projections", "redrive", "nothing")
    assert (2, True) == (code, "nothing is no projection: choose from ships" in told)
    code, told_of, _ = await line.run("projections", "redrive", "calls")
    assert (1, {"entities": 0, "messages": 0}, 10) == (code, told_of["taken"], told_of["parked"][0]["waiting"])

    # Mended badly, then as it must be: each is another code, and starts only once it is accepted.
    load_of(line, STILL_WRONG)
    code, _, told = await line.run("project", "calls")
    assert (1, True) == (code, "give it version 2" in told and "`fairlead projections accept calls`" in told), told
    assert 1 == (await line.run("projections", "redrive", "calls"))[0]
    assert (0, ["calls.v1"]) == (await line.run("projections", "accept", "calls"))[:2]
    async with line.projecting():
        code, told_of, _ = await line.run("projections", "redrive", "calls")
        assert (1, "ValueError: Still nobody knows where Atlantis lies") == (code, told_of["parked"][0]["reason"])
    load_of(line, OTHER_TABLES)
    code, _, told = await line.run("projections", "accept", "calls")
    assert (1, True) == (code, "tables of the projection calls have changed" in told)

    load_of(line, MENDED)
    assert (0, ["calls.v1"]) == (await line.run("projections", "accept", "calls"))[:2]
    assert (0, []) == (await line.run("projections", "accept", "calls"))[:2]
    async with line.projecting():
        end = await log.write(_events(60, ports[60:80]))
        await _until(connection, names, end)
        code, told_of, _ = await line.run("projections", "redrive", "calls", "--build", "calls.v1")
        assert (0, {"entities": 1, "messages": 17}, []) == (code, *told_of.values())
        await _until(connection, names, await log.write(_events(80, ports[80:])))
        # The projector has heard that nobody is parked any more.
        assert [] == await parked()
        assert [0.0] == await line.metric("fairlead_projection_entities_parked")
    assert 7 == (await line.run("projections", "redrive", "calls", "--build", "calls.v7"))[0]

    for table, key in (("calls", "port"), ("lately", "ship_id")):
        found = await connection.fetch(f"SELECT * FROM {schema}.{table} ORDER BY {key}")  # noqa: S608
        assert _folded(ports)[table] == [dict(row) for row in found]


def load_of(line: Line, code: str) -> Any:
    """Write it to the file, and the projection that it is."""
    line.file.write_text(code)
    return load(str(line.file))


def _folded(ports: list[str]) -> dict[str, list[dict[str, Any]]]:
    known = ["the sea" if port == "Atlantis" else port for port in ports]
    calls = [{"port": port, "calls": known.count(port)} for port in sorted(set(known))]
    lately = [{"ship_id": ship, "port": known[at::3][-1]} for at, ship in enumerate(SHIPS)]
    return {"calls": calls, "lately": lately}
