"""An aggregate moves to more partitions with all that it has, answers repeats as before, and can be taken back."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from fairlead.ship import DepartShip, RegisterShip
from service.cli.kafka_client import open_client
from service.cli.verify_run import verify
from service.kafka.connection import connection
from service.kafka.moving.places import NotMovable
from service.kafka.retention import retention_of
from service.kafka.topics import AGED, Topics, check_topics
from service.local.servers import Endpoints
from service.moving import Move
from tests.checker import check
from tests.kafka.moves import (
    BOTH,
    COMMANDS,
    COPIED,
    MORE,
    SECONDS,
    all_handled,
    duplicates_in,
    in_any_order,
    places,
    publish_all,
    quietly,
    records_of,
    under_prefix,
    worked,
)
from tests.kafka.test_start_refused import WEEK_MS, alter
from tests.running import PARTITIONS, apply_topics, running_handler, running_projectors
from tests.workload import generate


async def test_it_moves_with_all_that_it_has_and_repeats_are_answered_as_before(servers: Endpoints) -> None:
    old, new = places(servers)
    messages = await worked(servers, old)
    for aggregate in BOTH:
        counts = await Move(old, aggregate, new.prefix).make(MORE, 1, quietly)
        assert counts is not None
        assert min(counts[kind] for kind in COPIED) > 0
        assert await Move(old, aggregate, new.prefix).make(MORE, 1, quietly) is None
    events = {aggregate: await records_of(new, f"{aggregate}.events", MORE, placed=True) for aggregate in BOTH}
    for aggregate in BOTH:
        assert await records_of(old, f"{aggregate}.events", PARTITIONS) == events[aggregate]
        for topic in (f"{aggregate}.replies", f"{aggregate}.dead-letters"):
            # Of commands that somebody published to a wrong partition too, beside which there is no order.
            before, after = await records_of(old, topic, PARTITIONS), await records_of(new, topic, MORE, placed=True)
            assert in_any_order(before) == in_any_order(after)

    async with running_handler(new), running_projectors(new):
        await publish_all(servers, [under_prefix(new.prefix, old.prefix, message) for message in messages])
        await all_handled(new)
        assert events == {aggregate: await records_of(new, f"{aggregate}.events", MORE) for aggregate in BOTH}
        duplicates = await duplicates_in(new)
        await publish_all(servers, generate(COMMANDS, ships=30, users=30, seed=77, prefix=new.prefix))
        await all_handled(new)
        report = await verify(new, BOTH, None)
    assert duplicates > COMMANDS / 2
    assert report.ok, report.text()
    assert report.counts["commands judged again"] > COMMANDS / 2


async def test_it_can_be_taken_back_until_something_is_published_there(servers: Endpoints) -> None:
    old, new = places(servers)
    ship = str(uuid4())
    await worked(servers, old)
    move = Move(old, "ship", new.prefix)
    with pytest.raises(NotMovable, match="nothing to take back"):
        await move.take_back()
    await move.make(MORE, 1, quietly)
    with pytest.raises(LookupError, match=f"are closed by .*the topics are {new.prefix}ship"):
        async with running_handler(old):
            pass
    await move.take_back()
    async with running_handler(old), running_projectors(old), open_client(old, "/test") as client:
        assert "accepted" == (await client.send(RegisterShip(name="Late"), ship)).data.status
        report = await asyncio.to_thread(
            check, servers.bootstrap_servers, servers.database_url, prefix=old.prefix, timeout=SECONDS
        )
    assert report.ok, report.text()

    for aggregate in BOTH:
        await Move(old, aggregate, new.prefix).make(MORE, 1, quietly)
    async with running_handler(new), open_client(new, "/test") as client:
        refused = await client.send(DepartShip(), ship)
    assert ("rejected", 1) == (refused.data.status, refused.data.entity_version)
    with pytest.raises(NotMovable, match="Commands were published to"):
        await move.take_back()


async def test_what_is_kept_for_longer_is_kept_as_long_where_it_moves_to(servers: Endpoints) -> None:
    old, new = places(servers)
    await apply_topics(old)
    for kind, kept in (("commands", WEEK_MS + 1), ("replies", -1)):
        await alter(old, f"ship.{kind}", "retention.ms", str(kept))
    async with running_handler(old), open_client(old, "/test") as client:
        await client.send(RegisterShip(name="Pacific Explorer"), str(uuid4()))
    await Move(old, "ship", new.prefix).make(MORE, 1, quietly)
    topics = Topics("ship", new.prefix)
    assert [] == await check_topics(connection(new), topics)
    kept_ms = [(await retention_of(connection(new), topics.name(kind))).kept_ms for kind in AGED]
    assert [WEEK_MS + 1, -1, 30 * 24 * 3600 * 1000] == kept_ms
