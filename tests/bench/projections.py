"""What is measured of projections: each from nothing to the end of the log, and the bound beside them, turn by turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from service import app
from service.local.servers import Endpoints
from tests.bench import histories
from tests.bench.figures import Figures
from tests.bench.handler import settings_for
from tests.bench.progress import say, working
from tests.bench.projected import Expected
from tests.bench.projecting import Projecting
from tests.bench.topics import delete_topics, preload
from tests.running import PARTITIONS

BOUND = "bound"
READS = {"ships": ["ship"], "ports": ["ship"], "accounts": ["user"], "journal": ["ship", "user"]}
_PREFIX = "projections."


@dataclass(slots=True)
class Projections:
    """Measures on these servers: `found` has each turn's figures by the name of the projection, and of the bound."""

    servers: Endpoints
    directory: Path
    events: int
    found: dict[str, list[Figures]] = field(default_factory=lambda: {BOUND: [], **{name: [] for name in READS}})

    async def measure(self, turns: int) -> None:
        """All turns, after one of the bound that does not count; raises BenchFailed, also where rows are wrong."""
        async with self._at_work() as (projecting, expected):
            await self._one(projecting, expected, "warm-up", BOUND)
            for turn in range(1, turns + 1):
                for name, figures in self.found.items():
                    figures.append(await self._one(projecting, expected, f"turn {turn} of {turns}", name))

    async def _one(self, projecting: Projecting, expected: Expected, turn: str, name: str) -> Figures:
        aggregates = READS.get(name, READS["journal"])
        events = sum(expected.events(aggregate) for aggregate in aggregates)
        with working(f"{turn}: {name}", events) as told:
            if name == BOUND:
                found = await projecting.copy(aggregates, events, told)
            else:
                found = await projecting.project(name, events, told)
                await expected.compare(name, projecting.database)
        cost = (
            f"{found['cpu_ms_per_1000']:.1f} ms of CPU per 1,000, PostgreSQL's {found['postgres_cpu_ms_per_1000']:.1f}"
        )
        say(f"{turn}: {name}: {found['events_per_s']:,.0f}/s, {cost}, {found['rss_mb']:.0f} MB")
        return found

    @asynccontextmanager
    async def _at_work(self) -> AsyncIterator[tuple[Projecting, Expected]]:
        """With topics full of events, which are gone on exit."""
        settings = settings_for(self.servers, _PREFIX)
        await app.apply_topics(settings, partitions=PARTITIONS, replication=1)
        with working("projections: events", self.events) as told:
            ships, users = histories.ships(self.events * 3 // 5), histories.users(self.events * 2 // 5)
            for history in (ships, users):
                topic = f"{_PREFIX}{history.aggregate}.events"
                await preload(settings.bootstrap_servers, topic, history.events, told)
        database = await asyncpg.connect(self.servers.database_url)
        try:
            yield Projecting(self.directory, settings, database), Expected(_PREFIX, ships, users)
        finally:
            await database.close()
            await delete_topics(settings.bootstrap_servers, _PREFIX)
