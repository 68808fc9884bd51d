"""What is measured of a handler that begins again, step by step on one log, and whether it knows what it should."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.local.child import until
from service.local.servers import Endpoints
from service.settings import Settings
from tests.bench.failure import BenchFailed
from tests.bench.handler import check
from tests.bench.progress import say, working
from tests.bench.recovery_fleet import Fleet, publish
from tests.bench.recovery_fold import Fold
from tests.bench.recovery_load import work_off
from tests.bench.recovery_logs import first_replies
from tests.bench.recovery_member import Member
from tests.bench.recovery_starts import Start, Starts
from tests.bench.topics import delete_topics
from tests.running import PARTITIONS

_NAME = "one"
_IN_MID_WORK = 20_000
_TAKEN_OVER = 120.0
SESSION_S = 6.0


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
        found: list[Start] = []
        for turn in range(self.turns + 1):
            starts = Starts(self.servers, self.directory, f"empty{turn}.", Fleet(1))
            await starts.make_topics()
            async with starts.started(_NAME) as (_, start):
                found.append(start)
            await delete_topics(self.servers.bootstrap_servers, starts.settings.prefix)
        self._tell("empty", found[1:])

    async def preload(self) -> None:
        """The history, worked off by a handler from first to last."""
        await self._at.make_topics()
        await self._publish(self._at.fleet.history(self.events), self.events, "history")
        async with self._at.crew.member(_NAME) as member:
            await member.ready()
            with working(f"preload: {self.events:,} commands to {self.ships:,} ships", self.events) as told:
                self.found["preload"] = await work_off(member, self._at.logs, self.events, told)
            say(f"preload: {_told(self.found['preload'])}")
            await self._at.settled()
            self.found["preload"]["stop_s"] = round(await member.stop(), 2)
        await self._equal("preload")

    async def hot(self, commands: int) -> None:
        """Commands for a thousand ships, while all others only are there."""
        await self._publish(self._at.fleet.hot(commands), commands, "hot")
        async with self._at.crew.member(_NAME) as member:
            await member.ready()
            with working(f"hot: {commands:,} commands", commands) as told:
                self.found["hot"] = await work_off(member, self._at.logs, commands, told)
            say(f"hot: {_told(self.found['hot'])}")
            await self._at.settled()
        await self._equal("hot")

    async def warm(self) -> None:
        """After an orderly end, and after a kill in mid-work."""
        for name, before in (("stopped", None), ("killed", self._kill_in_mid_work)):
            found = []
            for _ in range(self.turns):
                if before:
                    await before()
                async with self._at.started(_NAME) as (_, start):
                    found.append(start)
                await self._equal(f"warm, {name}")
            self._tell(f"warm, {name}", found)

    async def _kill_in_mid_work(self) -> None:
        logs = self._at.logs
        async with self._at.crew.member(_NAME) as member:
            await member.ready()
            written = await asyncio.to_thread(logs.written, "replies")
            await self._publish(self._at.fleet.hot(_IN_MID_WORK), _IN_MID_WORK, "to be killed in")
            if not await until(lambda: logs.written("replies") > written + _IN_MID_WORK // 4, _TAKEN_OVER):
                raise BenchFailed("nothing was handled that a kill could interrupt")
            await member.kill()

    async def cold(self, kind: str) -> None:
        """Without a store: by `snapshots`, or by `events` alone, as after a release; beside a plain consumer."""
        starts, plain = [], []
        for turn in range(self.turns):
            ranges = await asyncio.to_thread(self._at.logs.ranges, cold=kind == "snapshots")
            starts.append(await self._cold(kind, turn))
            plain.append(await self._at.plain(ranges))
        self._tell(f"cold, {kind}", starts, plain)

    async def profile(self, kind: str) -> None:
        """Tell where the main thread is in such a start."""
        file = self.directory / f"{kind}.profile"
        await self._cold(kind, self.turns, profile=file)
        say(f"\ncold, {kind}: where the main thread is\n{file.read_text()}")

    async def _cold(self, kind: str, turn: int, **how: Any) -> Start:
        self._at.crew.forget(_NAME)
        # Another fold each time: a fold like the last checkpoint's may believe the snapshots.
        fold = f"{kind}{turn}" if kind == "events" else None
        async with self._at.started(_NAME, fold=fold, **how) as (_, start):
            pass
        if start["known_by"] != [kind]:
            raise BenchFailed(f"a start that was to be by {kind} was by {start['known_by']}")
        await self._equal(f"cold, {kind}")
        return start

    async def standby(self) -> None:
        """One of two members is killed that know each other's partitions; skipped where there is no such setting."""
        if "standby" not in Settings.model_fields:
            say("standby: skipped, since there is no FAIRLEAD_STANDBY here")
            return
        found: list[Start] = []
        how: dict[str, Any] = {"FAIRLEAD_STANDBY": "1", "FAIRLEAD_SESSION_TIMEOUT_MS": str(int(SESSION_S * 1000))}
        for _ in range(self.turns):
            async with self._at.crew.member("owner", **how) as owner:
                # First alone, with all partitions: what the other then acquires is dealt to it.
                await owner.ready()
                async with self._at.crew.member("standby", **how) as other:
                    await other.ready()
                    found.append(await self._stand_by(owner, other))
                    await self._at.settled()
            await self._equal("standby", name="standby")
        self._tell("standby", found)

    async def _stand_by(self, owner: Member, other: Member) -> Start:
        await self._publish(self._at.fleet.hot(_IN_MID_WORK), _IN_MID_WORK, "to stand by")
        await work_off(owner, self._at.logs, 0, lambda _: None)
        taken = set(range(PARTITIONS)) - set(other.said("acquired"))
        if not taken or not await until(lambda: taken <= set(other.said("standing by")), _TAKEN_OVER):
            raise BenchFailed(f"nobody stands by for all of {sorted(taken)}: read {other.child.log}")
        return await self._taken_over(owner, other, taken)

    async def _taken_over(self, owner: Member, other: Member, taken: set[int]) -> Start:
        logs = self._at.logs
        with first_replies(logs) as replies:
            await owner.kill()
            killed = time.time()
            await self._publish(iter(self._at.fleet.probes()), PARTITIONS, "probes")
            if not await until(lambda: taken <= set(replies.first), _TAKEN_OVER):
                raise BenchFailed(f"of partitions {taken} only {sorted(replies.first)} were answered")
            seconds = [replies.first[at] - killed for at in taken]
        known_by = sorted({other.said("acquired")[at] for at in taken})
        return {"last_first_reply_s": round(max(seconds), 3), "partitions": len(taken), "known_by": known_by}

    async def check(self) -> None:
        """Have the checker judge all."""
        with working("the checker judges all", 1):
            await check(self.directory, self._at.settings)
        self.found["checker"] = "clean"

    async def _publish(self, commands: Any, number: int, what: str) -> None:
        logs = self._at.logs
        with working(f"{what}: publishing {number:,}", number) as told:
            await asyncio.to_thread(publish, logs.bootstrap_servers, logs.topic("commands"), commands, told)

    async def _equal(self, after: str, name: str = _NAME) -> None:
        with working(f"{after}: comparing what is known with the events", 1):
            await asyncio.to_thread(self._fold.read_on)
            held = await asyncio.to_thread(self._fold.compare, self._at.crew.state(name))
        self.found.setdefault("equal", {})[after] = {"ships": held, "events": self._fold.events}

    def _tell(self, name: str, starts: list[Start], plain: list[Start] | None = None) -> None:
        self.found[name] = {"starts": starts, **({"plain": plain} if plain else {})}
        for start in (*starts, *(plain or ())):
            say(f"{name}: {_told(start)}")


def _told(found: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.items() if name != "slices")
