"""Two who both believe that they are the owner fence each other less and less often, and the work goes on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from service.local.servers import Endpoints
from tests.chaos.handlers import Handler, eventually, handler
from tests.chaos.load import Load, watched_replies
from tests.checker import check
from tests.running import PARTITIONS, apply_topics, settings_for

PER_SECOND, BEHIND_SECONDS = 200, 5
# Both stay away for 1.5, 3, 6, 12, 24 and then 30 s, each time between half and one and a half of that:
# so often can a partition change hands in this time.
SHORT, IN_SHORT = 20.0, 9
LONG, IN_LONG = 60.0, 12


async def test_two_deployments_fence_each_other_less_and_less(servers: Endpoints, tmp_path: Path) -> None:
    fences = await _quarrel(servers, tmp_path, "quarrel.", SHORT)

    assert PARTITIONS <= len(fences)
    assert max(fences.values()) <= IN_SHORT


@pytest.mark.long
async def test_two_deployments_fence_each_other_less_and_less_for_a_minute(servers: Endpoints, tmp_path: Path) -> None:
    fences = await _quarrel(servers, tmp_path, "long-quarrel.", LONG)

    assert PARTITIONS <= len(fences)
    assert max(fences.values()) <= IN_LONG


async def test_without_pauses_they_fence_each_other_again_and_again(servers: Endpoints, tmp_path: Path) -> None:
    await _quarrel(servers, tmp_path, "endless-quarrel.", SHORT, without="growth")


async def _quarrel(
    servers: Endpoints, folder: Path, prefix: str, seconds: float, *, without: str | None = None
) -> Counter[int]:
    """Two deployments under groups of their own on one log, which the checker finds right: fences by partition.

    Without a protection it is over as soon as one was fenced more often than may be.
    """
    await apply_topics(settings_for(servers, prefix))
    load = Load(servers.bootstrap_servers, prefix)
    async with AsyncExitStack() as stack:
        replies = stack.enter_context(watched_replies(servers.bootstrap_servers, prefix))
        terms = [{"prefix": prefix, "group": f"{prefix}{name}"} for name in ("one", "other")]
        both = [await stack.enter_async_context(handler(servers, folder, one, without=without)) for one in terms]
        async with load.steady(PER_SECOND):
            if without is None:
                await asyncio.sleep(seconds)
            else:
                await eventually(partial(_often, both), "they fence each other again and again", within=seconds)
            behind = load.published - replies.count
            fences = _fences(both)
        await eventually(lambda: replies.have(load.acknowledged), "all is answered")
        report = await asyncio.to_thread(check, servers.bootstrap_servers, prefix=prefix, aggregates=["ship"])
    print(f"{dict(fences)} fences, {behind} of {load.published} waiting at the end")  # noqa: T201  # figures

    assert report.ok, report.text()
    assert report.counts["commands"] == load.acknowledged
    if without is None:
        assert behind < PER_SECOND * BEHIND_SECONDS
    return fences


def _fences(both: Sequence[Handler]) -> Counter[int]:
    return Counter(said.partition or 0 for one in both for said in one.said("fenced"))


def _often(both: Sequence[Handler]) -> bool:
    return max(_fences(both).values(), default=0) > IN_SHORT
