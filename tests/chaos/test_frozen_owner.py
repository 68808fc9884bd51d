"""An owner that is frozen, and wakes up after others have taken its work, writes nothing more."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from random import Random
from statistics import median, quantiles

import pytest

from service.kafka.topics import Topics
from service.local.servers import Endpoints
from tests.chaos.epochs import tenures
from tests.chaos.handlers import Handler, Takeover, eventually, handler, owned_by, took_over
from tests.chaos.load import Load, watched_replies
from tests.checker import Report, check
from tests.running import PARTITIONS, apply_topics, settings_for

SESSION = 2.0
STOPPED = "partition stopped"
STEADY, BURST = 100, 400
# Small transactions, so that a freeze finds some behind it, one under way and some before it.
TERMS = {"session_timeout_ms": int(SESSION * 1_000), "max_batch": 2}


async def test_five_frozen_owners_write_nothing_after_their_fence(servers: Endpoints, tmp_path: Path) -> None:
    await _nothing_after_the_fence(servers, tmp_path, times=5)


@pytest.mark.long
async def test_thirty_frozen_owners_write_nothing_after_their_fence(servers: Endpoints, tmp_path: Path) -> None:
    await _nothing_after_the_fence(servers, tmp_path, times=30)


async def test_without_the_fence_a_frozen_owner_writes_what_another_has_written(
    servers: Endpoints, tmp_path: Path
) -> None:
    prefix = "unfenced."
    await _freeze(servers, tmp_path, prefix, times=5, without="fence")
    report = await _report(servers, prefix, settled=False)

    assert any("doubled" in line for line in report.violations), report.text()
    assert not await _in_turn(servers, prefix)


async def _nothing_after_the_fence(servers: Endpoints, folder: Path, *, times: int) -> None:
    prefix = f"frozen-{times}."
    freezes, published = await _freeze(servers, folder, prefix, times=times)
    async with handler(servers, folder, {"prefix": prefix, **TERMS}):
        report = await _report(servers, prefix)

    assert len(freezes) == times
    assert report.ok, report.text()
    assert report.counts["commands"] == published
    assert await _in_turn(servers, prefix)
    # Every freeze fell into owned time, and into work.
    for one in freezes:
        assert one.seconds
        assert any(one.waiting.values())
    _tell([seconds for one in freezes for seconds in one.seconds.values()])


async def _freeze(
    servers: Endpoints, folder: Path, prefix: str, *, times: int, without: str | None = None
) -> tuple[list[Takeover], int]:
    """Freeze one of two in turn, in mid-work, for twice its session: the takeovers, and how much was published."""
    await apply_topics(settings_for(servers, prefix))
    random, load, freezes = Random(times), Load(servers.bootstrap_servers, prefix), []
    async with AsyncExitStack() as stack:
        replies = stack.enter_context(watched_replies(servers.bootstrap_servers, prefix))
        # Without the fence nobody ends what a frozen one has left open before its time is up: a minute by default.
        terms = {"prefix": prefix, "transaction_timeout_ms": 10_000, **TERMS}
        both = [await stack.enter_async_context(handler(servers, folder, terms, without=without)) for _ in range(2)]
        await stack.enter_async_context(load.steady(STEADY))
        for _ in range(times):
            await eventually(lambda: all(owned_by(one, both) for one in both), "both own partitions")
            frozen, other = random.sample(both, 2)
            wanted = replies.count + BURST // 10
            await asyncio.to_thread(load.burst, BURST)
            await eventually(partial(replies.have, wanted), "work is under way")
            frozen.signal(signal.SIGSTOP)
            since, owned = time.time(), owned_by(frozen, both)
            rest = asyncio.create_task(asyncio.sleep(2 * SESSION))
            # Without the fence the other may have to wait for what the frozen one left open.
            freezes.append(await took_over(other, owned, since, replies, first=without is not None))
            await rest
            awake = time.time()
            frozen.signal(signal.SIGCONT)
            await eventually(partial(_is_back, frozen, awake), "it is a member again")
            if any(one.said(STOPPED) for one in both):
                break
    return freezes, load.acknowledged


def _is_back(frozen: Handler, awake: float) -> bool:
    return any(frozen.said(word, awake) for word in ("acquired", "resumed", STOPPED))


async def _in_turn(servers: Endpoints, prefix: str) -> bool:
    """Whether each epoch ends where another begins, on every log that a handler writes."""
    topics = Topics("ship", prefix)
    for topic in (topics.events, topics.replies, topics.snapshots):
        for partition in range(PARTITIONS):
            found = await tenures(servers.bootstrap_servers, topic, partition)
            if len(found) != len(set(found)):
                return False
    return True


async def _report(servers: Endpoints, prefix: str, *, settled: bool = True) -> Report:
    return await asyncio.to_thread(
        check, servers.bootstrap_servers, prefix=prefix, aggregates=["ship"], settled=settled
    )


def _tell(seconds: Sequence[float]) -> None:
    p95 = quantiles(seconds, n=20)[-1]
    print(f"{len(seconds)} takeovers, p50 {median(seconds):.2f} s, p95 {p95:.2f} s, most {max(seconds):.2f} s")  # noqa: T201  # a figure
