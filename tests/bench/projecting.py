"""Runs a projection from nothing to the end of its topics, or the bound beside it, and measures that."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from service.kafka.topics import Topics
from service.local.child import Program
from service.local.environment import for_roles
from service.postgres.names import Names, quoted
from service.projections import PROJECTIONS, journal
from service.settings import Settings
from tests.bench.catching_up import watched
from tests.bench.failure import BenchFailed
from tests.bench.figures import Figures
from tests.bench.handler import ROOT
from tests.bench.roles import role
from tests.bench.run import running
from tests.running import PARTITIONS

_END = 20.0


@dataclass(frozen=True, slots=True)
class Projecting:
    """On these servers, with a connection of our own to the database."""

    directory: Path
    settings: Settings
    database: Any

    async def project(self, name: str, events: int, told: Callable[[int], None]) -> Figures:
        """`fairlead project`, which finds no rows and brings them to so many events; raises BenchFailed."""
        await self._forget()
        progress = (
            f"SELECT sum(next_offset) FROM {Names(self.settings.prefix).tables(PROJECTIONS[name].build())}.progress"  # noqa: S608  # a prefix of our own
        )

        async def look() -> int:
            try:
                return int(await self.database.fetchval(progress) or 0)
            except (asyncpg.InvalidSchemaNameError, asyncpg.UndefinedTableError):
                return 0

        async with role(self.directory, self.settings, "project", name) as child:
            watching = watched(child)
            await watching.until(events, child, look, told)
        return watching.figures()

    async def copy(self, aggregates: Sequence[str], events: int, told: Callable[[int], None]) -> Figures:
        """The bound, which copies so many; raises BenchFailed."""
        await self._forget()
        schema = f"{self.settings.prefix}bare"
        await self.database.execute(f"CREATE SCHEMA {quoted(schema)}")
        await self.database.execute(f"SET search_path = {quoted(schema)}")
        await self.database.execute(journal.TABLES)
        await self.database.execute("RESET search_path")
        line = [sys.executable, "-m", "tests.bench.copy_events", "--schema", schema, "--partitions", str(PARTITIONS)]
        line += ["--bootstrap-servers", self.settings.bootstrap_servers]
        line += ["--database-url", self.settings.database_url.get_secret_value()]
        line += [f"{Topics(name, self.settings.prefix).events}={name}" for name in aggregates]

        async with running(self.directory, Program(schema, line, for_roles(), ROOT)) as child:

            async def look() -> int:
                return sum(map(int, child.log.read_bytes()[child.began :].split(b"\n")[:-1]))

            watching = watched(child)
            await watching.until(events, child, look, told)
            if code := await asyncio.wait_for(asyncio.to_thread(child.process.wait), _END):
                raise BenchFailed(f"the bound ended with code {code}: read {child.log}")
        return watching.figures()

    async def _forget(self) -> None:
        """Drop all rows, and have PostgreSQL write to its disk what it would else write beside the next work."""
        like = self.settings.prefix.replace("_", r"\_") + "%"
        for (schema,) in await self.database.fetch("SELECT nspname FROM pg_namespace WHERE nspname LIKE $1", like):
            await self.database.execute(f"DROP SCHEMA {quoted(schema)} CASCADE")
        await self.database.execute("CHECKPOINT")
