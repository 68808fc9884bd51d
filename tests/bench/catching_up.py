"""Watches a child bring rows up to a log, and makes figures of that: what it did in a second, and who paid for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic, time

import psutil

from service.local.child import Child
from service.local.failure import tail
from tests.bench.failure import BenchFailed
from tests.bench.figures import Figures
from tests.bench.run import must_live
from tests.bench.usage import Usage

_TICK = 0.1
_STANDSTILL = 60.0

Look = Callable[[], Awaitable[int]]


@dataclass(slots=True)
class Watched:
    """How many events were in their rows at which times of the clock, and what child and PostgreSQL used meanwhile."""

    child: Usage
    database: Usage
    seen: list[tuple[float, int]] = field(default_factory=list)

    async def until(self, events: int, child: Child, look: Look, told: Callable[[int], None]) -> None:
        """Look until there are so many; raises BenchFailed where that stands still."""
        moved = monotonic()
        while not self.seen or self.seen[-1][1] < events:
            await asyncio.sleep(_TICK)
            self.child.sample()
            self.database.sample()
            ended = child.process.poll() is not None  # before the look: it may end of itself, once all is done
            done = await look()
            if not self.seen or done > self.seen[-1][1]:
                moved = monotonic()
                self.seen.append((time(), done))
                told(done)
            if ended and done < events:
                must_live(child)
            if monotonic() > moved + _STANDSTILL:
                raise BenchFailed(f"{child.program.name} stands at {done:,} of {events:,}: {tail(child.log)}")

    def figures(self) -> Figures:
        """Of the middle four fifths, where neither start nor end count."""
        events = self.seen[-1][1]
        begin, end, done = self._when(events * 0.1), self._when(events * 0.9), events * 0.8
        return {
            "events_per_s": round(done / max(end - begin, 0.001)),
            "cpu_ms_per_1000": round(1_000_000 * self.child.cpu_between(begin, end) / done, 2),
            "postgres_cpu_ms_per_1000": round(1_000_000 * self.database.cpu_between(begin, end) / done, 2),
            "rss_mb": round(self.child.rss, 1),
            "strangers_cores": self.child.strangers_cores,
        }

    def _when(self, events: float) -> float:
        """When so many were there, taken to come evenly between two looks."""
        at = next(place for place, (_, done) in enumerate(self.seen) if done >= events)
        if at == 0:
            return self.seen[0][0]
        (before, fewer), (after, more) = self.seen[at - 1], self.seen[at]
        return before + (after - before) * (events - fewer) / (more - fewer)


def watched(child: Child) -> Watched:
    """Of this child, and of the PostgreSQL that we have started."""
    [postgres] = [one.pid for one in psutil.Process().children() if "postgres" in one.name()]
    return Watched(Usage(child.process.pid), Usage(postgres))
