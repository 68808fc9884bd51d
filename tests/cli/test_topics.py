"""`fairlead topics`: what exists keeps its partitions, and moves to others for more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from fairlead.ship import RegisterShip
from service.cli.exits import Exit
from service.cli.kafka_client import open_client
from service.domain import AGGREGATES
from service.kafka.topic_making import apply_topics
from service.kafka.topics import KINDS, partition_counts
from service.local.servers import Endpoints
from service.postgres.pool import open_pool
from tests.chaos.role import environment
from tests.cli.processes import Ended, begin, outcome_of
from tests.running import running_handler, settings_for

_FOUR = {"partitions": 4, "replication": 1}


async def test_partitions_are_never_added_and_the_reason_is_told(servers: Endpoints) -> None:
    settings = settings_for(servers, f"grow-{uuid4().hex[:8]}.")
    apply = ("topics", "apply", "--replication-factor", "1")
    made = await outcome_of(await begin(environment(settings), *apply, "--partitions", "2"))
    code, _, told = await outcome_of(await begin(environment(settings), *apply, "--partitions", "3"))
    again = await outcome_of(await begin(environment(settings), *apply))

    assert (Exit.DONE, 10) == (made[0], len(made[1]))
    assert Exit.REFUSED == code
    assert "has 2 partitions, and keeps them for life: with 3, ids would lie elsewhere than their events" in told
    assert "`fairlead topics migrate ship --partitions 3" in told
    assert (Exit.DONE, []) == again[:2]


async def test_topics_that_are_missing_get_as_many_partitions_as_those_that_are_there(servers: Endpoints) -> None:
    connection, prefix = {"bootstrap_servers": servers.bootstrap_servers}, f"grow-{uuid4().hex[:8]}."
    topic = f"{prefix}ship.events"
    admin = AdminClient({"bootstrap.servers": servers.bootstrap_servers})
    await asyncio.to_thread(admin.create_topics([NewTopic(topic, 3, 1)])[topic].result, 30)
    await apply_topics(connection, ["ship"], prefix, partitions=None, replication=1)

    names = [f"{prefix}ship.{kind}" for kind in KINDS]
    assert dict.fromkeys(names, 3) == await partition_counts(connection, names)


async def test_an_aggregate_is_moved_and_taken_back_from_the_line(servers: Endpoints) -> None:
    name = uuid4().hex[:8]
    settings, to = settings_for(servers, f"grow-{name}."), f"grown-{name}."
    line = ("topics", "migrate", "ship", "--to", to)
    parts = ("--replication-factor", "1", "--partitions", "6")

    async def fairlead(*words: str) -> Ended:
        return await outcome_of(await begin(environment(settings), *line, *words))

    await apply_topics({"bootstrap_servers": servers.bootstrap_servers}, AGGREGATES, settings.prefix, **_FOUR)
    async with running_handler(settings), open_client(settings, "/test") as client:
        for _ in range(3):
            await client.send(RegisterShip(name="Pacific Explorer"), str(uuid4()))
    nothing = await fairlead("--back")
    # Three copies, which are not to be had of one broker.
    too_much = await fairlead("--partitions", "6")
    async with running_handler(settings):
        pass
    # What goes wrong once the old topics are closed: there are no such keys to be copied there.
    async with _wrong_keys(servers, to):
        failed = await fairlead(*parts)
    moved = await fairlead(*parts)
    again = await fairlead(*parts)
    back = await fairlead("--back")

    assert (Exit.REFUSED, True) == (nothing[0], "there is nothing to take back" in nothing[2])
    assert (Exit.FAILED, True) == (
        too_much[0],
        f"{to}ship.commands is not made: INVALID_REPLICATION_FACTOR" in too_much[2],
    )
    assert "The old topics are closed" not in too_much[2]
    assert (Exit.FAILED, True) == (failed[0], "UndefinedColumnError" in failed[2])
    assert "The old topics are closed: the same command begins anew, and with --back" in failed[2]
    assert (Exit.DONE, {"events": 3, "replies": 3, "dead-letters": 0, "entities": 3, "keys": 0}) == moved[:2]
    assert f"start all roles with FAIRLEAD_PREFIX={to}" in moved[2]
    assert (Exit.DONE, {}) == again[:2]
    assert (Exit.DONE, None) == back[:2]
    async with running_handler(settings):
        pass


@asynccontextmanager
async def _wrong_keys(servers: Endpoints, prefix: str) -> AsyncIterator[None]:
    schema = f'"{prefix}fairlead_keys"'
    async with open_pool(servers.database_url, size=1) as pool:
        await pool.execute(f"CREATE SCHEMA {schema} CREATE TABLE keys (aggregate text, entity_id text, kid uuid)")
        yield
        await pool.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--to v2 --partitions 6", "--to must be such as v2."),
        ("--to v2.", "say either --partitions, or --back"),
        ("--to v2. --back --partitions 6", "say either --partitions, or --back"),
    ],
)
async def test_what_makes_no_sense_of_a_move_is_told(words: str, reason: str) -> None:
    code, _, told = await outcome_of(await begin({}, "topics", "migrate", "ship", *words.split()))
    assert (Exit.USAGE, True) == (code, reason in told)
