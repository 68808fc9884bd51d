"""Three brokers: what is unsafe there is named, and with what is safe nothing is lost when one of them is killed."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

from service.app import apply_topics, check_topics
from service.kafka.topics import KINDS, Topics
from service.local.servers import Endpoints
from tests.checker import check
from tests.kafka.cluster import running_cluster
from tests.kafka.test_start_refused import alter
from tests.running import PARTITIONS, running_handler, running_projectors, settings_for
from tests.workload import generate, publish

_SAFE = {"auto_create_topics_enable": "false"}
_HALF = 1_500
_MADE_IN_PASSING = "a topic that is missing would be made in passing, with other settings"
_FORGETS = "after a day's backlog a new owner would take repeats for new"


async def test_one_broker_of_three_may_be_killed_while_commands_flow(servers: Endpoints, tmp_path: Path) -> None:
    async with running_cluster(tmp_path, **_SAFE) as cluster:
        there = replace(servers, bootstrap_servers=cluster.bootstrap_servers)
        settings = settings_for(there, "three.")
        await apply_topics(settings, partitions=PARTITIONS, replication=3)
        assert [] == await check_topics(settings, production=True)
        messages = generate(2 * _HALF, ships=20, users=20, seed=3, prefix=settings.prefix)
        async with running_handler(settings), running_projectors(settings):
            await asyncio.to_thread(publish, there.bootstrap_servers, messages[:_HALF])
            await cluster.kill(1)
            await asyncio.to_thread(publish, there.bootstrap_servers, messages[_HALF:])
            report = await asyncio.to_thread(check, there.bootstrap_servers, there.database_url, prefix=settings.prefix)

    assert report.ok, report.text()


async def test_each_setting_that_is_unsafe_for_production_is_named(servers: Endpoints, tmp_path: Path) -> None:
    factors = {"offsets_topic_replication_factor": "2", "transaction_state_log_min_isr": "1"}
    async with running_cluster(tmp_path, auto_create_topics_enable="true", **factors) as cluster:
        settings = settings_for(replace(servers, bootstrap_servers=cluster.bootstrap_servers), "unsafe.")
        await apply_topics(settings, partitions=1, replication=3)
        await alter(settings, "ship.events", "retention.ms", "604800000")
        await alter(settings, "ship.events", "unclean.leader.election.enable", "true")
        await alter(settings, "ship.commands", "min.insync.replicas", "1")
        await alter(settings, "ship.replies", "min.insync.replicas", "3")
        await alter(settings, "ship.replies", "message.timestamp.type", "LogAppendTime")
        found = await check_topics(settings, production=True)
        assert ["unsafe.ship.events: retention.ms is 604800000, must be -1"] == await check_topics(
            settings, production=False
        )

    assert {
        "unsafe.ship.events: retention.ms is 604800000, must be -1",
        "unsafe.ship.events: unclean.leader.election.enable is true, must be false: it gives up what was kept",
        "unsafe.ship.commands: min.insync.replicas is 1, must be 2 at least",
        "unsafe.ship.replies: min.insync.replicas is 3 of 3: no broker could be away",
        f"unsafe.ship.replies: message.timestamp.type is LogAppendTime, must be CreateTime: {_FORGETS}",
        *(
            f"broker {node}: {fault}"
            for node in (1, 2, 3)
            for fault in (
                f"auto.create.topics.enable is true, must be false: {_MADE_IN_PASSING}",
                "offsets.topic.replication.factor is 2, must be 3 at least",
                "transaction.state.log.min.isr is 1, must be 2 at least",
            )
        ),
    } == set(found)


async def test_one_broker_is_not_enough_for_production(servers: Endpoints) -> None:
    settings = settings_for(servers, "one-broker.")
    await apply_topics(settings, partitions=1, replication=1)
    found = await check_topics(settings, production=True)

    assert [] == await check_topics(settings, production=False)
    assert any(re.fullmatch("the cluster has 1 brokers, must have 3 at least", fault) for fault in found)
    for kind in KINDS:
        name = Topics("user", settings.prefix).name(kind)
        assert f"{name}: has 1 replicas, must have 3 at least" in found
        assert f"{name}: min.insync.replicas is 1, must be 2 at least" in found
