"""What is measured of a handler that begins again, step by step on one log, and whether it knows what it should."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.local.child import until
from service.local.servers import Endpoints
from tests.bench.failure import BenchFailed
from tests.bench.handler import check
from tests.bench.progress import say, working
from tests.bench.recovery_fleet import Fleet
from tests.bench.recovery_fold import Fold
from tests.bench.recovery_load import work_off
from tests.bench.recovery_standby import BURST, STANDBY, taken_over
from tests.bench.recovery_starts import Start, Starts
from tests.bench.topics import delete_topics

ONE = "one"
WORKERS = 2
_BEGUN = 120.0


@dataclass(slots=True)
class Recovery:
    """Measures on these servers; `found` has what was."""

    servers: Endpoints
    directory: Path
    ships: int
    events: int
    turns: int
    found: dict[str, Any] = field(default_factory=dict)
    _at: Starts = field(init=False)
    _fold: Fold = field(init=False)

    def __post_init__(self) -> None:
        self._at = Starts(self.servers, self.directory, "recovery.", Fleet(self.ships))
        self._fold = Fold(self._at.logs)

    async def empty(self) -> None:
        """A service of which nobody has asked anything: the first start, in which all is cold, does not count."""
        for workers in (1, WORKERS):
            found: list[Start] = []
            for turn in range(self.turns + 1):
                starts = Starts(self.servers, self.directory, f"empty{workers}-{turn}.", Fleet(1))
                await starts.make_topics()
                async with starts.started(ONE, workers=workers) as (_, start):
                    found.append(start)
                await delete_topics(self.servers.bootstrap_servers, starts.settings.prefix)
            self._tell(named("empty", workers), found[1:])

    async def preload(self) -> None:
        """The history, worked off by a handler from first to last."""
        await self._at.make_topics()
        await self._at.publish(self._at.fleet.history(self.events), self.events, "history")
        async with self._at.crew.member(ONE) as member:
            await member.ready()
            with working(f"preload: {self.events:,} commands to {self.ships:,} ships", self.events) as told:
                self.found["preload"] = await work_off(member, self._at.logs, self.events, told)
            say(f"preload: {_told(self.found['preload'])}")
            await self._at.settled()
        await self._equal("preload")

    async def hot(self, commands: int) -> None:
        """Commands for a thousand ships, while all others only are there."""
        await self._at.publish(self._at.fleet.hot(commands), commands, "hot")
        async with self._at.crew.member(ONE) as member:
            await member.ready()
            with working(f"hot: {commands:,} commands", commands) as told:
                self.found["hot"] = await work_off(member, self._at.logs, commands, told)
            say(f"hot: {_told(self.found['hot'])}")
            await self._at.settled()
        await self._equal("hot")

    async def warm(self) -> None:
        """After an orderly end, and after a kill in mid-work."""
        for name in ("stopped", "killed"):
            found = []
            for _ in range(self.turns):
                if name == "killed":
                    await self._kill_in_mid_work()
                async with self._at.started(ONE) as (_, start):
                    found.append(start)
                await self._equal(f"warm, {name}")
            self._tell(f"warm, {name}", found)

    async def _kill_in_mid_work(self) -> None:
        logs = self._at.logs
        async with self._at.crew.member(ONE) as member:
            await member.ready()
            begun = BURST // 4 + await asyncio.to_thread(logs.written, "replies")
            await self._at.publish(self._at.fleet.hot(BURST), BURST, "to be killed in")
            if not await until(lambda: logs.written("replies") > begun, _BEGUN):
                raise BenchFailed("nothing was handled that a kill could interrupt")
            await member.kill()

    async def cold(self, kind: str, workers: int) -> None:
        """Without a store: by `snapshots`, or by `events` alone, as after a release; beside a plain consumer."""
        starts, plain = [], []
        for turn in range(self.turns):
            ranges = await asyncio.to_thread(self._at.logs.ranges, cold=kind == "snapshots")
            starts.append(await self._cold(kind, f"{workers}-{turn}", workers=workers))
            plain.append(await self._at.plain(ranges))
        self._tell(named(f"cold, {kind}", workers), starts, plain)

    async def profile(self, kind: str) -> None:
        """Tell where the main thread is in such a start."""
        await self._cold(kind, "profiled", profile=(file := self.directory / f"{kind}.profile"))
        say(f"\ncold, {kind}: where the main thread is\n{file.read_text()}")

    async def _cold(self, kind: str, turn: str, **how: Any) -> Start:
        self._at.crew.forget(ONE)
        # Another fold each time: a fold like the last checkpoint's may believe the snapshots.
        fold = f"{kind}{turn}" if kind == "events" else None
        async with self._at.started(ONE, fold=fold, **how) as (_, start):
            if start["known_by"] != [kind]:
                raise BenchFailed(f"a start that was to be by {kind} was by {start['known_by']}")
        await self._equal(f"cold, {kind}")
        return start

    async def standby(self) -> None:
        """One of two members is killed, each of which stands by for the other's partitions."""
        found = []
        for _ in range(self.turns):
            found.append(await taken_over(self._at))
            await self._equal("standby", STANDBY)
        self._tell("standby", found)

    async def check(self) -> None:
        """Have the checker judge all."""
        with working("the checker judges all", 1):
            await check(self.directory, self._at.settings)
        self.found["checker"] = "clean"

    async def _equal(self, after: str, name: str = ONE) -> None:
        with working(f"{after}: comparing what is known with the events", 1):
            await asyncio.to_thread(self._fold.read_on)
            held = await asyncio.to_thread(self._fold.compare, self._at.crew.state(name))
        self.found.setdefault("equal", {})[after] = {"ships": held, "events": self._fold.events}

    def _tell(self, name: str, starts: list[Start], plain: list[Start] | None = None) -> None:
        self.found[name] = {"starts": starts, **({"plain": plain} if plain else {})}
        for start in (*starts, *(plain or ())):
            say(f"{name}: {_told(start)}")


def named(step: str, workers: int) -> str:
    """What this step is called with so many of them."""
    return step if workers == 1 else f"{step}, {workers} workers"


def _told(found: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.items() if name != "slices")
