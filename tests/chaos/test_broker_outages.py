"""A broker that goes and comes back needs nobody's hand: the service is back by itself, and nothing is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from service.local.servers import Endpoints
from service.settings import Settings
from tests.chaos.broker import Broker, running_broker
from tests.chaos.publisher import publishing
from tests.chaos.recovery import percentile, seconds_to_new_replies
from tests.chaos.role import running_role
from tests.checker import check
from tests.running import apply_topics, running_handler, running_projectors, settings_for

BACK_SECONDS = 15.0
# Longer than a session.
GONE_SECONDS = 35.0
GONE_LONG_SECONDS = 60.0

Outage = Callable[[Broker], Awaitable[None]]
Tell = Callable[[str], None]


@pytest.fixture
def tell(capfd: pytest.CaptureFixture[str]) -> Tell:
    """Past pytest's capture: figures are for people to read."""

    def told(line: str) -> None:
        with capfd.disabled():
            print(f"\n{line}")  # noqa: T201  # as above

    return told


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    async with running_broker(tmp_path) as running:
        yield running


@pytest.fixture
async def settings(broker: Broker, servers: Endpoints) -> Settings:
    """Of a service on the broker of the test and the database of the run, with the time-outs that it has by default."""
    prefix = f"outage-{uuid4().hex[:8]}."
    here = Endpoints(broker.bootstrap_servers, servers.database_url)
    # Small transactions, so that an outage finds some behind it, one under way and some before it.
    settings = settings_for(here, prefix, session_timeout_ms=30_000, max_batch=5)
    await apply_topics(settings)
    return settings


async def stopped(broker: Broker) -> None:
    await broker.stop()


async def killed(broker: Broker) -> None:
    await broker.kill()
    await asyncio.sleep(GONE_SECONDS)


async def killed_for_a_minute(broker: Broker) -> None:
    await broker.kill()
    await asyncio.sleep(GONE_LONG_SECONDS)


@pytest.mark.parametrize(
    ("outage", "rounds"),
    [
        (stopped, 1),
        (killed, 1),
        pytest.param(stopped, 10, marks=pytest.mark.long),
        pytest.param(killed_for_a_minute, 3, marks=pytest.mark.long),
    ],
)
async def test_the_service_is_back_by_itself(  # noqa: PLR0913  # fixtures
    outage: Outage, rounds: int, broker: Broker, settings: Settings, tmp_path: Path, tell: Tell
) -> None:
    async with running_role("handle", settings, tmp_path), running_role("project", settings, tmp_path):
        await _outlives(outage, rounds, broker, settings, tell)


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.long)])
async def test_a_broker_killed_between_the_records_of_a_transaction_and_its_commit(
    rounds: int, broker: Broker, settings: Settings, monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    held = HeldCommits(monkeypatch)

    async def killed_in_a_transaction(broker: Broker) -> None:
        await held.hold()
        await broker.kill()
        # Once it tries to commit while nobody is there, once as if nothing had happened.
        await held.go_on(now=held.held % 2 == 0)

    async with running_handler(settings), running_projectors(settings):
        await _outlives(killed_in_a_transaction, rounds, broker, settings, tell, after=held.go_on)
    assert held.held == rounds


async def _outlives(  # noqa: PLR0913  # what happens, to whom, and who is told
    outage: Outage,
    rounds: int,
    broker: Broker,
    settings: Settings,
    tell: Tell,
    after: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Outages under a steady load: replies are back in time after each, and all of it is right."""
    first: list[float] = []
    every: list[float] = []
    with publishing(broker.bootstrap_servers, settings.prefix) as publisher:
        await asyncio.to_thread(seconds_to_new_replies, broker.bootstrap_servers, settings.prefix, time.monotonic())
        for _ in range(rounds):
            await outage(broker)
            await broker.start()
            answers = time.monotonic()
            if after is not None:
                await after()
            seconds = await asyncio.to_thread(
                seconds_to_new_replies, broker.bootstrap_servers, settings.prefix, answers
            )
            first.append(seconds[0])
            every += seconds
        await asyncio.to_thread(publisher.finish)
    report = await asyncio.to_thread(
        check, broker.bootstrap_servers, settings.database_url.get_secret_value(), prefix=settings.prefix
    )

    tell(
        f"{outage.__name__}, {rounds} rounds, s from the broker's answer to new replies: "
        f"first p50 {percentile(first, 0.5):.2f} p95 {percentile(first, 0.95):.2f}, "
        f"every partition p50 {percentile(every, 0.5):.2f} p95 {percentile(every, 0.95):.2f} max {max(every):.2f}"
    )
    assert report.ok, report.text()
    assert report.counts["commands"] == publisher.delivered
    assert max(every) <= BACK_SECONDS


class HeldCommits:
    """Keeps a transaction of the handler open between its records and its commit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held = 0
        self._armed = False
        self._reached = asyncio.Event()
        self._going_on = asyncio.Event()
        commit = AIOKafkaProducer.commit_transaction

        async def slow(producer: AIOKafkaProducer) -> None:
            if self._armed:
                self._armed = False
                self._reached.set()
                await self._going_on.wait()
            await commit(producer)

        monkeypatch.setattr(AIOKafkaProducer, "commit_transaction", slow)

    async def hold(self) -> None:
        """Return once one is open, all its records written."""
        self._reached.clear()
        self._going_on.clear()
        self._armed = True
        await self._reached.wait()
        self.held += 1

    async def go_on(self, *, now: bool = True) -> None:
        """Let it try to commit."""
        if now:
            self._going_on.set()
