"""How long the partitions of a killed member stand still where another stands by for them."""

from __future__ import annotations

import asyncio
import time

from service.local.child import until
from tests.bench.failure import BenchFailed
from tests.bench.recovery_load import work_off
from tests.bench.recovery_logs import first_replies
from tests.bench.recovery_member import Member
from tests.bench.recovery_starts import Start, Starts
from tests.running import PARTITIONS

BURST = 20_000
STANDBY = "standby"
SESSION_S = 6.0
_WITHIN = 120.0


async def taken_over(at: Starts) -> Start:
    """The seconds from the kill to the first reply in the last of its partitions; raises BenchFailed."""
    how = {"FAIRLEAD_STANDBY": "1", "FAIRLEAD_SESSION_TIMEOUT_MS": str(int(SESSION_S * 1000))}
    async with at.crew.member("owner", others=how) as owner:
        # First alone, with all partitions: what the other then acquires is dealt to it.
        await owner.ready()
        async with at.crew.member(STANDBY, others=how) as other:
            await other.ready()
            await at.publish(at.fleet.hot(BURST), BURST, "to stand by")
            await work_off(owner, at.logs, BURST, lambda _: None)
            taken = set(range(PARTITIONS)) - set(other.said("acquired"))
            if not taken or not await until(lambda: taken <= set(other.said("standing by")), _WITHIN):
                raise BenchFailed(f"nobody stands by for all of {sorted(taken)}: read {other.child.log}")
            seconds = await _kill(at, owner, taken)
            known_by = {other.said("acquired")[partition] for partition in taken}
            if known_by != {"warm"}:
                raise BenchFailed(f"who stood by took over by {known_by}: read {other.child.log}")
            await at.settled()
    return {"last_first_reply_s": round(seconds, 3), "partitions": len(taken)}


async def _kill(at: Starts, owner: Member, taken: set[int]) -> float:
    with first_replies(at.logs) as replies:
        await owner.kill()
        killed = time.time()
        await asyncio.to_thread(at.probe)
        if not await until(lambda: taken <= set(replies.first), _WITHIN):
            raise BenchFailed(f"of partitions {taken} only {sorted(replies.first)} were answered")
        return max(replies.first[partition] for partition in taken) - killed
