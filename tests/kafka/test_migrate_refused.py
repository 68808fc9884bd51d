"""An aggregate does not move where something would be lost; who was interrupted begins anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from fairlead.client import NoReply
from fairlead.ship import DepartShip, DockShip, RegisterShip
from service.audit.hashing import partition_of
from service.cli.kafka_client import open_client
from service.domain import AGGREGATES
from service.kafka.moving.places import Halfway, NotMovable
from service.local.servers import Endpoints
from service.moving import Move
from service.postgres.names import Names
from service.postgres.pool import open_pool
from service.postgres.schema import prepare_projections
from service.projections import PROJECTIONS
from tests.domain.atlantis import Rules
from tests.kafka.moves import (
    COPIED,
    MORE,
    all_handled,
    cancelled_at,
    places,
    quietly,
    records_of,
    worked,
    write_stray,
)
from tests.kafka.pier import said
from tests.running import PARTITIONS, apply_topics, running_handler


async def test_a_handler_must_have_stopped_and_judged_all(servers: Endpoints) -> None:
    old, new = places(servers)
    ship = str(uuid4())
    await apply_topics(old)
    move = Move(old, "ship", new.prefix)
    with pytest.raises(NotMovable, match="none was ever judged"):
        await move.make(MORE, 1, quietly)
    async with running_handler(old), open_client(old, "/test") as client:
        await client.send(RegisterShip(name="Pacific Explorer"), ship)
        with pytest.raises(NotMovable, match="stop all handlers of ship first"):
            await move.make(MORE, 1, quietly)
    with pytest.raises(NotMovable, match="say more than these"):
        await move.make(PARTITIONS, 1, quietly)
    async with open_client(old, "/test") as client:
        await client.publish(DepartShip(), ship)
        with pytest.raises(NotMovable, match=r"1 commands wait in .*ship\.commands"):
            await move.make(MORE, 1, quietly)
        async with running_handler(old):
            await all_handled(old)
            assert "rejected" == (await client.send(DepartShip(), ship)).data.status
    assert await move.make(MORE, 1, quietly)


async def test_nothing_may_be_parked(servers: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = places(servers)
    ship = str(uuid4())
    await apply_topics(old)
    with monkeypatch.context() as patch:
        patch.setitem(AGGREGATES, "ship", Rules().aggregate)
        async with running_handler(old), open_client(old, "/test") as client:
            await client.send(RegisterShip(name="Pacific Explorer"), ship)
            assert "failed" == (await client.send(DockShip(port="Atlantis"), ship)).data.status
    with pytest.raises(NotMovable, match="1 entities are parked"):
        await Move(old, "ship", new.prefix).make(MORE, 1, quietly)
    async with running_handler(old), open_client(old, "/test") as client:
        assert "accepted" == (await client.send_raw("ship", "discard_parked", ship, {})).data.status
    assert await Move(old, "ship", new.prefix).make(MORE, 1, quietly)


async def test_an_owner_that_nobody_knew_of_is_fenced_and_does_not_begin_again(servers: Endpoints) -> None:
    old, new = places(servers)
    ship = str(uuid4())
    await apply_topics(old)
    # Of another group: that nobody is in the aggregate's own says nothing of it.
    with capture_logs() as logs:
        async with running_handler(old.model_copy(update={"group": f"{old.prefix}other"})):
            async with open_client(old, "/test") as client:
                await client.send(RegisterShip(name="Pacific Explorer"), ship)
                await Move(old, "ship", new.prefix).make(MORE, 1, quietly)
                with pytest.raises(NoReply):
                    await client.send(DepartShip(), ship, timeout=0.1)
            stopped = await said(logs, "partition stopped", partition=partition_of(ship.encode(), PARTITIONS))
    assert "are closed by `fairlead topics migrate`" in stopped["reason"]
    assert 1 == sum(map(len, (await records_of(old, "ship.replies", PARTITIONS)).values()))


@pytest.mark.parametrize("at", ["Beginning beyond the old commands", "Copying replies", "Comparing dead-letters"])
async def test_who_is_interrupted_begins_anew_or_takes_it_back(servers: Endpoints, at: str) -> None:
    old, new = places(servers)
    await worked(servers, old)
    move = Move(old, "ship", new.prefix)
    for _ in range(2):
        moving = asyncio.create_task(move.make(MORE, 1, lambda what: cancelled_at(at, what, moving)))  # noqa: B023  # it is awaited in its own turn
        with suppress(asyncio.CancelledError):
            await moving
        assert moving.cancelled()
        for settings in (old, new):
            with pytest.raises(LookupError, match=r"are closed by|missing"):
                async with running_handler(settings):
                    pass
    await move.take_back()
    assert await move.make(MORE, 1, quietly)
    assert await records_of(old, "ship.events", PARTITIONS) == await records_of(new, "ship.events", MORE)


@pytest.mark.parametrize("kind", COPIED)
async def test_a_copy_that_differs_is_not_begun(servers: Endpoints, kind: str) -> None:
    old, new = places(servers)
    await worked(servers, old)
    strays: list[asyncio.Task[None]] = []

    def told(what: str) -> Callable[[int, int], None]:
        if what == f"Copying {kind}":
            strays.append(asyncio.create_task(write_stray(servers, f"{new.prefix}ship.{kind}", b"stray")))
        return lambda _done, _total: None

    with pytest.raises(Halfway, match="the same command begins anew") as left:
        await Move(old, "ship", new.prefix).make(MORE, 1, told)
    assert f"is no copy of {old.prefix}ship.{kind}: 1 entities differ" in str(left.value.__cause__)
    assert [None] == await asyncio.gather(*strays)
    with pytest.raises(LookupError, match="are closed by"):
        async with running_handler(new):
            pass


async def test_projections_must_not_have_begun_under_the_new_prefix(servers: Endpoints) -> None:
    old, new = places(servers)
    await worked(servers, old)
    async with open_pool(servers.database_url, size=1) as pool:
        await prepare_projections(pool, Names(new.prefix), PROJECTIONS.values())
    with pytest.raises(NotMovable, match=f"'{new.prefix}' is in use: projections have begun"):
        await Move(old, "ship", new.prefix).make(MORE, 1, quietly)
    async with running_handler(old):
        pass


async def test_topics_that_hold_something_else_are_never_deleted(servers: Endpoints) -> None:
    old, new = places(servers)
    for settings in (old, new):
        await worked(servers, settings)
    before = await records_of(new, "ship.events", PARTITIONS)
    with pytest.raises(NotMovable, match="choose another prefix"):
        await Move(old, "ship", new.prefix).make(MORE, 1, quietly)
    assert before == await records_of(new, "ship.events", PARTITIONS)
    async with running_handler(old), running_handler(new):
        pass
