"""What is measured, in which order: everything once a turn, so that what the machine does meanwhile meets all alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from service.local.servers import Endpoints
from service.settings import Settings
from tests.bench.bound import copy
from tests.bench.commands import Command, Workload
from tests.bench.figures import Figures
from tests.bench.handler import check, handle, handled, settings_for
from tests.bench.latency import OpenLoop
from tests.bench.progress import say, working
from tests.bench.roles import ready_role
from tests.bench.sample import take_sample
from tests.bench.topics import delete_topics, make_topics, preload
from tests.bench.usage import Usage

RATES = (200, 2_000)
WORKERS = 2
PRODUCERS = (2, 1)
_WARM_UP = 60_000
_WARM_UP_SECONDS = 4.0


@dataclass(slots=True)
class Bench:
    """Measures on these servers: `handler` and `latency` of each turn by workers and rate, `raw` by producers."""

    servers: Endpoints
    directory: Path
    entities: int
    before: int
    commands: int
    seconds: float
    handler: dict[int, list[Figures]] = field(default_factory=lambda: {1: [], WORKERS: []})
    raw: dict[int, list[Figures]] = field(default_factory=lambda: {producers: [] for producers in PRODUCERS})
    latency: dict[int, list[Figures]] = field(default_factory=lambda: {rate: [] for rate in RATES})
    _ready_made: list[Command] = field(default_factory=list)

    async def warm_up(self) -> None:
        """Let the broker's Java compile what it will need, and take the bytes that the bound writes."""
        workload = Workload()
        self._ready_made = [*workload.registrations(self.entities), *workload.commands(self.before + self.commands)]
        commands = min(self.commands, _WARM_UP)
        async with self._waiting("warm-up", self._ready_made[: self._uncounted + commands]) as settings:
            with working("warm-up: handler", self._uncounted + commands) as told:
                await handle(self.directory, settings, 1, self._uncounted, commands, told)
            await take_sample(self.servers.bootstrap_servers, settings.prefix, self._uncounted, self._sample)
            for producers in PRODUCERS:
                await self._raw(settings, "warm-up", producers, self._uncounted + commands)

    async def turn(self, number: int, turns: int) -> None:
        """Measure all once; raises BenchFailed, also where the checker objects."""
        name = f"turn {number} of {turns}"
        async with AsyncExitStack() as topics:
            written = []
            for workers, measured in self.handler.items():
                settings = await topics.enter_async_context(self._waiting(f"w{workers}-{number}", self._ready_made))
                measured.append(await self._handle(settings, name, workers))
                written.append(settings)
            for producers, measured in self.raw.items():
                measured.append(await self._raw(written[0], name, producers, len(self._ready_made)))
            idle = await topics.enter_async_context(self._waiting(f"latency-{number}", ()))
            await self._latency(idle, name)
            with working(f"{name}: the checker judges what was written", 1):
                # One after the other: each holds all that it judges.
                for settings in (*written, idle):
                    await check(self.directory, settings)

    @property
    def _uncounted(self) -> int:
        return self.entities + self.before

    @property
    def _sample(self) -> Path:
        return self.directory / "sample"

    @asynccontextmanager
    async def _waiting(self, prefix: str, commands: Sequence[Command]) -> AsyncIterator[Settings]:
        """Topics in which these commands wait, gone on exit."""
        settings = settings_for(self.servers, f"{prefix}.")
        servers, topic = settings.bootstrap_servers, f"{settings.prefix}ship.commands"
        await make_topics(settings)
        with working(f"{prefix}: commands", len(commands)) as told:
            await preload(servers, topic, commands, told)
        yield settings
        await delete_topics(servers, settings.prefix)

    async def _handle(self, settings: Settings, name: str, workers: int) -> Figures:
        name = f"{name}: handler, {workers} process(es)"
        with working(name, len(self._ready_made)) as told:
            found = await handle(self.directory, settings, workers, self._uncounted, self.commands, told)
        return _told(name, found)

    async def _raw(self, settings: Settings, name: str, producers: int, commands: int) -> Figures:
        name = f"{name}: raw, {producers} producer(s) a partition"
        with working(name, commands) as told:
            found = await copy(self.directory, settings, self._sample, producers, commands, told)
        return _told(name, found)

    async def _latency(self, settings: Settings, name: str) -> None:
        loop = OpenLoop(settings.bootstrap_servers, settings.prefix, Workload(seed=2).commands(10**9))
        async with ready_role(self.directory, settings, "handle", "ship") as child:
            try:
                with loop.listening():
                    for rate, measured in self.latency.items():
                        with working(f"{name}: latency at {rate:,}/s", 1):
                            await asyncio.to_thread(loop.run, rate, _WARM_UP_SECONDS)
                            usage = Usage(child.process.pid)
                            usage.sample()
                            waited = await asyncio.to_thread(loop.run, rate, self.seconds)
                            usage.sample()
                        measured.append({**waited, "strangers_cores": usage.strangers_cores})
                        say(f"{name}: latency at {rate:,}/s: p50 {waited['p50_ms']} ms, p99 {waited['p99_ms']} ms")
            finally:
                loop.stop()
            await handled(settings)


def _told(name: str, found: Figures) -> Figures:
    cost = f"{found['cpu_ms_per_1000']:.1f} ms of CPU per 1,000"
    say(f"{name}: {found['commands_per_s']:,.0f}/s, {cost}, strangers had {found['strangers_cores']:.1f} cores")
    return found
