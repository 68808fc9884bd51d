"""What is measured of the client: thousands of commands at once, beside a handler and beside a stub."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import orjson

from service.local.child import Program
from service.local.environment import for_roles
from service.local.failure import tail
from service.local.servers import Endpoints
from service.settings import Settings
from tests.bench.failure import BenchFailed
from tests.bench.figures import Figures, figures
from tests.bench.handler import ROOT, check, handled, settings_for
from tests.bench.progress import say, working
from tests.bench.roles import ready_role
from tests.bench.run import running
from tests.bench.topics import delete_topics, make_topics
from tests.bench.usage import Usage

STUB, HANDLER = "stub", "handler"
AT_ONCE = 4_000
_TICK = 0.2
_LONGEST = 180.0


@dataclass(slots=True)
class Clients:
    """Measures on these servers: `found` has each turn's figures by what answers."""

    servers: Endpoints
    directory: Path
    commands: int
    found: dict[str, list[Figures]] = field(default_factory=lambda: {STUB: [], HANDLER: []})

    async def measure(self, turns: int) -> None:
        """All turns; raises BenchFailed, also where the checker objects to what the handler wrote."""
        for turn in range(1, turns + 1):
            for beside, measured in self.found.items():
                name = f"turn {turn} of {turns}: client, beside a {beside}"
                async with self._answered(beside, turn) as settings:
                    with working(name, 1):
                        found = await self._send(settings)
                    if beside == HANDLER:
                        await handled(settings)
                        await check(self.directory, settings)
                measured.append(found)
                say(f"{name}: {found['commands_per_s']:,.0f}/s, {found['cpu_ms_per_1000']:.1f} ms of CPU per 1,000")

    @asynccontextmanager
    async def _answered(self, beside: str, turn: int) -> AsyncIterator[Settings]:
        """Topics with somebody who answers, both gone on exit."""
        settings = settings_for(self.servers, f"client-{beside}-{turn}.")
        await make_topics(settings)
        if beside == HANDLER:
            async with ready_role(self.directory, settings, "handle", "ship"):
                yield settings
        else:
            async with running(self.directory, self._program(settings, "client_stub")):
                yield settings
        await delete_topics(settings.bootstrap_servers, settings.prefix)

    async def _send(self, settings: Settings) -> Figures:
        file = self.directory / f"{settings.prefix}came"
        words = ["--commands", str(self.commands), "--at-once", str(AT_ONCE), "--output", str(file)]
        async with running(self.directory, self._program(settings, "client_load", *words)) as child:
            usage, latest = Usage(child.process.pid), monotonic() + _LONGEST
            while child.process.poll() is None:
                usage.sample()
                if monotonic() > latest:
                    raise BenchFailed(f"the client was not done after {_LONGEST:.0f} s: {tail(child.log)}")
                await asyncio.sleep(_TICK)
        if child.process.returncode:
            raise BenchFailed(f"the client ended with code {child.process.returncode}: {tail(child.log)}")
        return figures(orjson.loads(await asyncio.to_thread(file.read_bytes)), usage)

    def _program(self, settings: Settings, module: str, *words: str) -> Program:
        line = [sys.executable, "-m", f"tests.bench.{module}", "--bootstrap-servers", settings.bootstrap_servers]
        return Program(f"{settings.prefix}{module}", [*line, "--prefix", settings.prefix, *words], for_roles(), ROOT)
