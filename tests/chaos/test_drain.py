"""A handler that is told to stop ends soon and well, and its work goes on elsewhere at once."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from service.local.servers import Endpoints
from tests.chaos.handlers import eventually, handler, owned_by, took_over
from tests.chaos.load import Load, watched_replies
from tests.checker import Report, check
from tests.running import PARTITIONS, apply_topics, settings_for

STEADY, BURST, LONG_LOG = 100, 400, 60_000
END_SECONDS, TAKEOVER_SECONDS = 10.0, 6.0
# Whoever waits for the end of a session is too late.
TERMS: Mapping[str, object] = {"session_timeout_ms": 30_000}
SMALL: Mapping[str, object] = {**TERMS, "max_batch": 2}


@pytest.mark.parametrize(
    ("signum", "static"),
    [
        pytest.param(signal.SIGTERM, False, id="SIGTERM"),
        pytest.param(signal.SIGINT, False, id="SIGINT"),
        pytest.param(signal.SIGTERM, True, id="static"),
    ],
)
async def test_who_is_told_to_stop_ends_well_and_leaves_its_work_to_others_at_once(
    servers: Endpoints, tmp_path: Path, signum: signal.Signals, *, static: bool
) -> None:
    prefix = f"drain-{signum.name.lower()}{'-static' if static else ''}."
    seconds = await _leave(servers, tmp_path, prefix, signum, static=static)

    assert max(seconds) < TAKEOVER_SECONDS


async def test_without_leaving_its_work_waits_for_the_end_of_the_session(servers: Endpoints, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="the other took over"):
        await _leave(servers, tmp_path, "drain-silent.", signal.SIGTERM, without="leaving")


async def test_who_is_told_to_stop_while_it_acquires_a_long_log_ends_well(servers: Endpoints, tmp_path: Path) -> None:
    prefix = "drain-long."
    await apply_topics(settings_for(servers, prefix))
    load = Load(servers.bootstrap_servers, prefix)
    await asyncio.to_thread(load.burst, LONG_LOG)
    await asyncio.to_thread(load.settle)
    async with handler(servers, tmp_path, {"prefix": prefix, **TERMS}) as one:
        with watched_replies(servers.bootstrap_servers, prefix) as replies:
            await eventually(partial(replies.have, load.acknowledged), "all is handled")
        one.signal(signal.SIGTERM)
        assert await one.ended(END_SECONDS) == 0
    async with handler(servers, tmp_path, {"prefix": prefix, **TERMS}, wait=False) as one:
        await eventually(partial(_has_work, servers, f"{prefix}fairlead.ship.handler"), "it is given partitions")
        one.signal(signal.SIGTERM)
        code = await one.ended(END_SECONDS)

    assert len(one.said("acquired")) < PARTITIONS
    assert code == 0, one.text
    assert "Traceback" not in one.text


async def test_without_a_handler_of_signals_a_stop_is_a_kill(servers: Endpoints, tmp_path: Path) -> None:
    prefix = "drain-killed."
    await apply_topics(settings_for(servers, prefix))
    async with handler(servers, tmp_path, {"prefix": prefix, **TERMS}, without="signals") as one:
        one.signal(signal.SIGTERM)

        assert await one.ended(END_SECONDS) == -signal.SIGTERM


async def _leave(  # noqa: PLR0913  # where, how, and without what
    servers: Endpoints,
    folder: Path,
    prefix: str,
    signum: signal.Signals,
    *,
    static: bool = False,
    without: str | None = None,
) -> list[float]:
    """Tell one of two to stop in mid-work: how long it took till the other replied on each of its partitions."""
    await apply_topics(settings_for(servers, prefix))
    load = Load(servers.bootstrap_servers, prefix)
    async with AsyncExitStack() as stack:
        replies = stack.enter_context(watched_replies(servers.bootstrap_servers, prefix))
        both = []
        for name in ("one", "other"):
            terms = {"prefix": prefix, **SMALL, **({"instance_id": name} if static else {})}
            both.append(await stack.enter_async_context(handler(servers, folder, terms, without=without)))
        one, other = both
        async with load.steady(STEADY):
            await eventually(lambda: owned_by(one, both) and owned_by(other, both), "both own partitions")
            wanted = replies.count + BURST // 10
            await asyncio.to_thread(load.burst, BURST)
            await eventually(partial(replies.have, wanted), "work is under way")
            since, owned = time.time(), owned_by(one, both)
            one.signal(signum)
            code = await one.ended(END_SECONDS)
            ended = time.time() - since
            taken = await took_over(other, owned, since, replies, within=TAKEOVER_SECONDS + 2.0)
        report = await _report(servers, prefix)
    seconds = sorted(taken.seconds.values())
    print(f"ended after {ended:.2f} s, taken over after {', '.join(f'{one:.2f}' for one in seconds)} s")  # noqa: T201  # a figure

    assert code == 0, one.text
    assert "Traceback" not in one.text
    assert report.ok, report.text()
    assert report.counts["commands"] == load.acknowledged
    return seconds


def _has_work(servers: Endpoints, group: str) -> bool:
    admin = AdminClient({"bootstrap.servers": servers.bootstrap_servers})
    described = admin.describe_consumer_groups([group])[group].result(END_SECONDS)
    return any(member.assignment.topic_partitions for member in described.members)


async def _report(servers: Endpoints, prefix: str) -> Report:
    return await asyncio.to_thread(check, servers.bootstrap_servers, prefix=prefix, aggregates=["ship"])
