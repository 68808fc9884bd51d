"""A client that reads no more, and says nothing of it, is found and replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from httpx import AsyncClient
from prometheus_client import REGISTRY

from service.domain import AGGREGATES
from service.kafka import membership, pursuit
from service.kafka.watchdog import watch
from service.local.child import until
from service.local.ports import free_port
from service.local.servers import Endpoints
from tests.kafka.protections import DOCK, REGISTER, Harbour
from tests.kafka.supervised import asking, readyz
from tests.kafka.test_standing_by import copies, up_to_date
from tests.running import running_handler

WATCHDOG_SECONDS = 2.0
LOOKS = 6


async def test_a_client_that_stands_still_is_replaced_and_its_commands_are_judged(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    harbour = await Harbour(servers, watchdog_s=WATCHDOG_SECONDS, health_port=port).build()
    async with running_handler(harbour.settings):
        await harbour.ask(REGISTER)
        await harbour.handled()
        await _freeze(monkeypatch)
        await harbour.ask(DOCK)
        report = await harbour.report()
        async with AsyncClient() as http:
            answer = await http.get(f"http://127.0.0.1:{port}/readyz")

    assert report.ok, report.text()
    assert any("client restarted 1 times" in (part["reason"] or "") for part in answer.json()["parts"])
    assert report.counts["accepted"] == 2
    assert _restarts(harbour) == 1


async def test_a_member_with_nothing_to_read_is_left_alone(servers: Endpoints) -> None:
    harbour = await Harbour(servers, watchdog_s=1.0).build()
    async with running_handler(harbour.settings):
        await harbour.ask(REGISTER)
        await harbour.handled()
        await asyncio.sleep(3.0)

    assert _restarts(harbour) == 0


async def test_a_client_that_was_just_offered_something_is_given_time_to_read_it(servers: Endpoints) -> None:
    harbour = await Harbour(servers).build()
    commands = TopicPartition(f"{harbour.settings.prefix}ship.commands", 0)
    looks = 0

    def waiting() -> dict[TopicPartition, int]:
        # With four looks a second it has stood still for long at the fifth; soon after it is handed something.
        nonlocal looks
        looks += 1
        return {commands: 0 if looks <= LOOKS else 1}

    for _ in range(20):
        await harbour.ask(REGISTER)
    watching = asyncio.create_task(watch({"bootstrap_servers": servers.bootstrap_servers}, waiting, 1.0))
    assert await until(lambda: looks >= LOOKS + 5 or watching.done(), 10.0)
    assert watching.cancel(), watching


async def test_without_the_watchdog_a_client_that_stands_still_is_never_found(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def blind(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(membership, "watch", blind)
    harbour = await Harbour(servers, watchdog_s=WATCHDOG_SECONDS).build()
    async with running_handler(harbour.settings):
        await harbour.ask(REGISTER)
        await harbour.handled()
        await _freeze(monkeypatch)
        await harbour.ask(DOCK)
        report = await harbour.report(wait=4 * WATCHDOG_SECONDS)

    assert any("does not cover the commands" in line for line in report.violations), report.text()


async def test_a_standby_whose_client_stands_still_says_so_and_catches_up(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pursuit, "_STALL_SECONDS", WATCHDOG_SECONDS)
    harbour = await Harbour(servers).build()
    other = harbour.settings.model_copy(update={"standby": True, "health_port": free_port()})
    async with running_handler(harbour.settings), running_handler(other), asking(other) as http:
        await harbour.ask(REGISTER)
        await harbour.handled()
        await readyz(http, lambda answer: len(AGGREGATES) == sum(map(up_to_date, copies(answer))))
        copy = f"{harbour.settings.prefix}ship.replies"
        await _freeze(monkeypatch, clients=1, which=lambda tps: copy in {tp.topic for tp in tps})
        await harbour.ask(DOCK)
        _, told = await readyz(http, lambda answer: not all(map(up_to_date, copies(answer))))
        await readyz(http, lambda answer: len(AGGREGATES) == sum(map(up_to_date, copies(answer))))

    [stood_still] = [part["reason"] for part in told["parts"] if part["state"] == "reading"]
    assert "but nothing came" in stood_still


async def _freeze(
    monkeypatch: pytest.MonkeyPatch,
    clients: int = len(AGGREGATES),
    which: Callable[[Collection[TopicPartition]], bool] = lambda _: True,
) -> None:
    """Once this returns, the clients that there are read nothing more, as in aiokafka's issue 1154.

    So many of them, by which partitions they read: by default members, one of each aggregate.
    """
    fetch = Fetcher._proc_fetch_request  # noqa: SLF001  # where aiokafka asks a broker for records
    born_since: set[int] = set()
    frozen: asyncio.Queue[int] = asyncio.Queue()
    start = Fetcher.__init__

    def born(fetcher: Fetcher, *arguments: Any, **options: Any) -> None:
        start(fetcher, *arguments, **options)
        born_since.add(id(fetcher))

    async def freezing(fetcher: Fetcher, assignment: Any, *arguments: Any) -> Any:
        if id(fetcher) not in born_since and which(assignment.tps):
            frozen.put_nowait(id(fetcher))
            await asyncio.Event().wait()
        return await fetch(fetcher, assignment, *arguments)

    monkeypatch.setattr(Fetcher, "__init__", born)
    monkeypatch.setattr(Fetcher, "_proc_fetch_request", freezing)
    # Whose requests under way have come to their end.
    found: set[int] = set()
    while len(found) < clients:
        found.add(await frozen.get())


def _restarts(harbour: Harbour) -> float:
    group = f"{harbour.settings.prefix}fairlead.ship.handler"
    return REGISTRY.get_sample_value("fairlead_client_restarts_total", {"group": group}) or 0.0
