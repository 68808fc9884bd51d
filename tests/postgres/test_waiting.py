"""A reader who waits is answered once what it waits for is there, and costs little meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from httpx import AsyncClient, Response

from service.postgres.arrivals import Arrivals
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.public import Public
from service.postgres.queries import Queries
from service.postgres.signals import Signals
from service.projections.answers import NotYet
from service.projections.questions import Fresh
from service.projections.store import StoreUnavailable
from tests.event_records import COMMAND
from tests.postgres.seeding import SEALED, Seeding


async def _asked(client: AsyncClient, queries: Queries, path: str) -> asyncio.Task[Response]:
    """A read that is under way, and has found nothing yet."""
    asking = asyncio.create_task(client.get(path))
    for _ in range(10):
        await queries.ping()
    assert not asking.done()
    return asking


@pytest.mark.parametrize("path", ["/users/7", "/users/7/events", "/users/7/statement", "/users/7?version=1"])
async def test_every_read_of_one_entity_waits_for_its_version(
    client: AsyncClient, queries: Queries, seeding: Seeding, path: str
) -> None:
    path += ("&" if "?" in path else "?") + "min_version=2"
    assert 0 == (await client.get(path)).json()["reached_version"]
    asking = await _asked(client, queries, f"{path}&wait=20")
    await seeding.events("user", ("7", "UserCreated", {"username": SEALED, "balance": 100}))
    for _ in range(10):
        await queries.ping()
    assert not asking.done()
    await seeding.events("user", ("7", "UserBalanceChanged", {"balance_change": 1}))
    assert 200 == (await asking).status_code
    late = await client.get(path.replace("=2", "=3") + "&wait=0.1")
    assert (503, "1", 2) == (late.status_code, late.headers["Retry-After"], late.json()["reached_version"])


async def test_the_outcome_of_a_command_is_waited_for(client: AsyncClient, queries: Queries, seeding: Seeding) -> None:
    assert 404 == (await client.get(f"/commands/{COMMAND}?wait=0.05")).status_code
    asking = await _asked(client, queries, f"/commands/{COMMAND}?wait=20")
    await seeding.reply("ship", "a", COMMAND, status="accepted")
    assert [("a", "accepted")] == [(one["entity_id"], one["status"]) for one in (await asking).json()["items"]]


async def test_however_many_wait_for_outcomes_these_are_asked_once_each_time_that_they_move(
    queries: Queries, seeding: Seeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, fetch = [], Public.fetch

    async def counted(views: Public, query: str, *parameters: Any) -> list[Mapping[str, Any]]:
        asked.append(query)
        return await fetch(views, query, *parameters)

    monkeypatch.setattr(Public, "fetch", counted)
    first, second, *others = [asyncio.create_task(queries.outcomes(f"c{number}", 20)) for number in range(50)]
    await seeding.reply("ship", "a", "c0", status="accepted")
    # Notices come from here on.
    await first
    for _ in range(10):
        await queries.ping()
    asked.clear()
    await seeding.reply("ship", "a", "c1", status="accepted")
    assert ["accepted"] == [one["status"] for one in (await second).items]
    assert 2 == len(asked)
    assert not any(reader.done() for reader in others)
    for reader in others:
        reader.cancel()


async def test_however_many_wait_the_projection_is_asked_once_each_time_that_it_moves(pool: Pool, names: Names) -> None:
    signals, versions, asked = Signals(pool, names), dict.fromkeys("abcdefghij", 0), []

    async def look(entity_ids: object) -> dict[str, int]:
        await asyncio.sleep(0)
        asked.append(entity_ids)
        return dict(versions)

    arrivals = Arrivals(signals, "ships", look)
    readers = [asyncio.create_task(arrivals.reach(name, Fresh(3, 20))) for name in versions for _ in range(10)]
    first = asyncio.create_task(arrivals.reach("a", Fresh(1, 20)))
    await asyncio.sleep(0.05)
    asked.clear()
    for version in (1, 2):
        versions |= dict.fromkeys(versions, version)
        signals._wake("ships")  # noqa: SLF001  # as PostgreSQL's notice does
        await asyncio.sleep(0.05)
    assert (2, True, 0) == (len(asked), first.done(), sum(reader.done() for reader in readers))
    versions |= dict.fromkeys(versions, 3)
    signals._wake("ships")  # noqa: SLF001  # as above
    await asyncio.gather(*readers)
    assert 3 == len(asked)


async def test_who_waits_while_the_projection_cannot_be_asked_is_told_so(pool: Pool, names: Names) -> None:
    signals, answers = Signals(pool, names), [dict.fromkeys("a", 0)]

    async def look(_: object) -> dict[str, int]:
        await asyncio.sleep(0)
        if not answers:
            raise StoreUnavailable("gone")
        return answers[0]

    arrivals = Arrivals(signals, "ships", look)
    with pytest.raises(NotYet, match="version 0"):
        await arrivals.reach("a", Fresh(1, 0.02))
    reader = asyncio.create_task(arrivals.reach("a", Fresh(1, 20)))
    await asyncio.sleep(0.05)
    answers.clear()
    signals._wake("ships")  # noqa: SLF001  # as above
    with pytest.raises(StoreUnavailable):
        await reader
