"""A standby takes over from a copy of its own, and has nearly nothing to read."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from service.local.servers import Endpoints
from tests.chaos.handlers import Handler, eventually, handler, owned_by, took_over
from tests.chaos.load import Load, watched_replies
from tests.checker import check
from tests.running import PARTITIONS, apply_topics, settings_for

SESSION = 2.0
BURST = 20_000


async def test_a_standby_takes_over_within_the_session_and_five_seconds(servers: Endpoints, tmp_path: Path) -> None:
    prefix = "standby."
    await apply_topics(settings_for(servers, prefix))
    load = Load(servers.bootstrap_servers, prefix, ships=2_000)
    terms = {"prefix": prefix, "session_timeout_ms": int(SESSION * 1_000), "standby": True}
    async with AsyncExitStack() as stack:
        replies = stack.enter_context(watched_replies(servers.bootstrap_servers, prefix))
        one, other = [
            await stack.enter_async_context(
                handler(servers, tmp_path, {**terms, "state_dir": tmp_path / name, "cached_entities": 100})
            )
            for name in ("one", "other")
        ]
        await asyncio.to_thread(load.burst, BURST)
        await asyncio.to_thread(load.settle)
        burst = load.acknowledged
        await eventually(partial(replies.have, burst), "the burst is answered")
        owned = owned_by(one, (one, other))
        assert owned
        await eventually(lambda: owned <= _followed(other), "the other stands by")
        await stack.enter_async_context(load.steady(200))
        await eventually(partial(replies.have, burst + 200), "there is work")
        since = time.time()
        one.signal(signal.SIGKILL)
        takeover = await took_over(other, owned, since, replies)
        assert {"warm"} == {said.fields["known_by"] for said in other.said("acquired", since)}
        print(f"taken over after {', '.join(f'{one:.2f}' for one in sorted(takeover.seconds.values()))} s")  # noqa: T201  # a figure
        assert max(takeover.seconds.values()) < SESSION + 5.0
        assert set(range(PARTITIONS)) == owned_by(other, (one, other))
    async with handler(servers, tmp_path, {**terms, "state_dir": tmp_path / "other"}):
        report = await asyncio.to_thread(check, servers.bootstrap_servers, prefix=prefix, allow_import=False)
    assert report.ok, report.text()


def _followed(one: Handler) -> set[int]:
    return {said.partition for said in one.said("standing by") if said.partition is not None}
