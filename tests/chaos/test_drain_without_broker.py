"""A handler that is told to stop ends soon even where nobody answers."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from service.local.servers import Servers, running_servers
from tests.chaos.handlers import Handler, eventually, handler
from tests.chaos.load import Load, watched_replies
from tests.running import apply_topics, settings_for

BURST = 2_000
END_SECONDS, AT_ONCE_SECONDS = 10.0, 1.0
TERMS = {"session_timeout_ms": 30_000, "max_batch": 2}


@pytest.fixture(scope="module")
async def own() -> AsyncIterator[Servers]:
    """Servers of these tests alone, since one of them is frozen."""
    with TemporaryDirectory(prefix="fairlead-frozen-") as folder:
        async with running_servers(Path(folder), lambda _: None) as servers:
            yield servers


@pytest.mark.parametrize(
    ("signum", "busy"),
    [
        pytest.param(signal.SIGINT, False, id="idle"),
        pytest.param(signal.SIGTERM, True, id="busy"),
    ],
)
async def test_who_is_told_to_stop_while_the_broker_is_gone_ends_soon(
    own: Servers, tmp_path: Path, signum: signal.Signals, *, busy: bool
) -> None:
    prefix = f"gone-{'busy' if busy else 'idle'}."
    async with _alone(own, tmp_path, prefix, busy=busy) as one:
        since = time.monotonic()
        one.signal(signum)
        code = await one.ended(END_SECONDS)
        print(f"{prefix} ended after {time.monotonic() - since:.2f} s")  # noqa: T201  # a figure

    assert code == 0, one.text
    assert "Traceback" not in one.text


async def test_without_bounds_it_waits_for_the_broker(own: Servers, tmp_path: Path) -> None:
    async with _alone(own, tmp_path, "gone-unbound.", without="bounds") as one:
        one.signal(signal.SIGTERM)

        with pytest.raises(TimeoutError):
            await one.ended(END_SECONDS)


async def test_a_second_signal_ends_it_at_once(own: Servers, tmp_path: Path) -> None:
    async with _alone(own, tmp_path, "twice.") as one:
        assert await _signalled_again_and_again(one) == -signal.SIGINT


async def test_without_the_second_signal_it_takes_its_time(own: Servers, tmp_path: Path) -> None:
    async with _alone(own, tmp_path, "once.", without="second_signal") as one:
        with pytest.raises(TimeoutError):
            await _signalled_again_and_again(one)


async def _signalled_again_and_again(one: Handler) -> int:
    """Its exit code; the second signal may come before the first is heard, and is then none."""
    async with asyncio.timeout(AT_ONCE_SECONDS):
        while one.process.returncode is None:
            one.signal(signal.SIGINT)
            await asyncio.wait({asyncio.ensure_future(one.process.wait())}, timeout=0.1)
        return one.process.returncode


@asynccontextmanager
async def _alone(
    own: Servers, folder: Path, prefix: str, *, busy: bool = True, without: str | None = None
) -> AsyncIterator[Handler]:
    """A handler, in mid-work or with nothing to do, whose broker stands still until exit."""
    servers, broker = own.endpoints, _broker(own)
    await apply_topics(settings_for(servers, prefix))
    load = Load(servers.bootstrap_servers, prefix)
    async with handler(servers, folder, {"prefix": prefix, **TERMS}, without=without) as one:
        if busy:
            with watched_replies(servers.bootstrap_servers, prefix) as replies:
                await asyncio.to_thread(load.burst, BURST)
                await asyncio.to_thread(load.settle)
                await eventually(partial(replies.have, BURST // 10), "work is under way")
                assert not replies.have(BURST)
        broker.send_signal(signal.SIGSTOP)
        try:
            await eventually(lambda: psutil.Process(broker.pid).status() == psutil.STATUS_STOPPED, "it stands still")
            yield one
        finally:
            broker.send_signal(signal.SIGCONT)
            # It was taken for dead meanwhile, and is let in again.
            await eventually(partial(_serves, servers.bootstrap_servers), "it serves again")


def _broker(own: Servers) -> subprocess.Popen[bytes]:
    return next(child.process for child in own.children if child.program.name == "kafka")


def _serves(bootstrap_servers: str) -> bool:
    try:
        return bool(AdminClient({"bootstrap.servers": bootstrap_servers}).list_topics(timeout=1).brokers)
    except KafkaException:
        return False
