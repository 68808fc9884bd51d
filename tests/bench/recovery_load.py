"""A handler works off what waits: how fast from first to last, at what cost, and whether that stays the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any, NamedTuple

from tests.bench.failure import BenchFailed
from tests.bench.recovery_logs import Logs
from tests.bench.recovery_member import Member
from tests.bench.run import must_live

_LOOK = 1.0
_STANDSTILL = 60.0
SLICES = 10


class _Seen(NamedTuple):
    at: float
    done: int
    cpu: float
    rss: float


async def work_off(member: Member, logs: Logs, commands: int, told: Callable[[int], None]) -> dict[str, Any]:
    """Return once it has handled all, `commands` of them; raises BenchFailed where that stands still."""
    # It may have begun before this is asked.
    before = await asyncio.to_thread(logs.written, "replies")
    seen, moved = [_Seen(monotonic(), 0, member.cpu, member.memory.last)], monotonic()
    while not await asyncio.to_thread(logs.handled):
        await asyncio.sleep(_LOOK / 10)
        must_live(member.child)
        # A few of these are markers of transactions.
        done = await asyncio.to_thread(logs.written, "replies") - before
        now = monotonic()
        if done > seen[-1].done:
            moved = now
            seen.append(_Seen(now, done, member.cpu, member.memory.last))
            told(min(done, commands))
        elif now > moved + _STANDSTILL:
            raise BenchFailed(f"{done:,} of {commands:,} commands were answered, and no more: read {member.child.log}")
        await asyncio.sleep(_LOOK * 9 / 10 if commands - done > 100_000 else 0)
    return {
        "commands": commands,
        **_between(seen[0], seen[-1], seen[-1].done),
        **member.memory.figures(),
        "slices": _slices(seen),
    }


def _between(first: _Seen, last: _Seen, done: int) -> dict[str, float]:
    seconds = max(last.at - first.at, 0.001)
    return {
        "seconds": round(seconds, 1),
        "commands_per_s": round(done / seconds),
        "cpu_ms_per_1000": round(1_000_000 * (last.cpu - first.cpu) / max(done, 1), 2),
    }


def _slices(seen: list[_Seen]) -> list[dict[str, float]]:
    """Of each tenth, as near as it was looked at."""
    total, found, first = seen[-1].done, [], seen[0]
    for number in range(1, SLICES + 1):
        last = next(one for one in seen if one.done >= total * number // SLICES)
        if last.done > first.done:
            rates = _between(first, last, last.done - first.done)
            found.append({"up_to": last.done, **rates, "rss_mb": round(last.rss, 1)})
        first = last
    return found
