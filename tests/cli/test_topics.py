"""`fairlead topics apply`: what exists keeps its partitions."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from service.cli.exits import Exit
from service.kafka.topics import KINDS, apply_topics, partition_counts
from service.local.servers import Endpoints
from tests.chaos.role import environment
from tests.cli.processes import begin, outcome_of
from tests.running import settings_for


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
