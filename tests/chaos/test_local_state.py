"""A handler that is killed at any moment and has its disk again reads on where that stands, and nothing is lost."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from pathlib import Path
from random import Random

from service.local.servers import Endpoints
from tests.chaos.handlers import Handler, eventually, handler
from tests.chaos.load import Load, watched_replies
from tests.checker import check
from tests.running import PARTITIONS, apply_topics, settings_for

_PER_SECOND = 400


async def test_killed_at_any_moment_a_handler_reads_on_where_its_disk_stands(
    servers: Endpoints, tmp_path: Path, kills: int
) -> None:
    prefix, random, known_by = "killed-with-disk.", Random(5), list[str]()
    await apply_topics(settings_for(servers, prefix))
    variables = {"prefix": prefix, "state_dir": tmp_path / "state", "session_timeout_ms": 2_000}
    load = Load(servers.bootstrap_servers, prefix)
    with watched_replies(servers.bootstrap_servers, prefix) as replies:
        async with load.steady(_PER_SECOND):
            for _ in range(kills):
                async with handler(servers, tmp_path, variables, without="generations", wait=False) as one:
                    await eventually(partial(owns_all, one), "all are owned")
                    await eventually(partial(replies.have, replies.count + 100), "it works")
                    await asyncio.sleep(random.uniform(0, 0.5))
                    known_by += [line.fields["known_by"] for line in one.said("acquired")]
                    one.signal(signal.SIGKILL)
                    await one.process.wait()
        async with handler(servers, tmp_path, variables, without="generations"):
            report = await asyncio.to_thread(
                check, servers.bootstrap_servers, prefix=prefix, aggregates=["ship"], allow_import=False
            )
    assert report.ok, report.text()
    assert ["events"] * PARTITIONS + ["warm"] * PARTITIONS * (kills - 1) == known_by
    assert report.counts["snapshots"]
    assert load.acknowledged == report.counts["commands"]


def owns_all(one: Handler) -> bool:
    """Whether it has taken up each partition."""
    return len(one.said("acquired")) == PARTITIONS
