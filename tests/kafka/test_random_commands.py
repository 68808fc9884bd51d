"""Everything that a stranger may send, judged from outside."""

from __future__ import annotations

import asyncio

from service.local.servers import Endpoints
from tests.checker import check
from tests.running import apply_topics, running_handler, running_projectors, settings_for
from tests.workload import generate, publish

COMMANDS = 5_000
EACH = 50
REFUSALS = (
    "rejected.already_exists",
    "rejected.not_found",
    "rejected.not_docked",
    "rejected.no_such_item",
    "rejected.not_enough_cargo",
    "rejected.insufficient_balance",
    "rejected.gone",
    "rejected.out_of_range",
    "conflict.version_conflict",
    "conflict.id_reused",
    "duplicate",
    "invalid.invalid_command",
    "invalid.unknown_command",
    "invalid.unreadable",
    "invalid.wrong_partition",
)


async def test_five_thousand_random_commands_are_decided_as_the_contract_says(servers: Endpoints) -> None:
    settings = settings_for(servers, "random.")
    await apply_topics(settings)
    messages = generate(COMMANDS, ships=50, users=50, seed=20261124, prefix=settings.prefix)
    async with running_handler(settings), running_projectors(settings):
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages)
        report = await asyncio.to_thread(check, servers.bootstrap_servers, servers.database_url, prefix=settings.prefix)

    assert report.ok, report.text()
    assert report.counts["commands"] == COMMANDS
    assert report.counts["accepted"] >= 0.4 * COMMANDS
    assert {name: report.counts[name] for name in REFUSALS if report.counts[name] < EACH} == {}


async def test_the_default_partitioner_of_librdkafka_gets_wrong_partition(servers: Endpoints) -> None:
    settings = settings_for(servers, "partitioner.")
    await apply_topics(settings)
    messages = generate(1_000, ships=50, users=50, seed=7, prefix=settings.prefix)
    async with running_handler(settings), running_projectors(settings):
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages, "consistent_random")
        report = await asyncio.to_thread(check, servers.bootstrap_servers, servers.database_url, prefix=settings.prefix)

    assert report.ok, report.text()
    # With four partitions, another hash is right by chance for one key in four.
    assert report.counts["invalid.wrong_partition"] > 500


async def test_a_second_deployment_under_another_group_is_fenced_and_nothing_is_done_twice(servers: Endpoints) -> None:
    one = settings_for(servers, "groups.", group="one")
    other = settings_for(servers, "groups.", group="other")
    await apply_topics(one)
    messages = generate(3_000, ships=50, users=50, seed=11, prefix=one.prefix)
    async with running_projectors(one), running_handler(one):
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages[:1_000])
        async with running_handler(other):
            await asyncio.to_thread(publish, servers.bootstrap_servers, messages[1_000:2_000])
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages[2_000:])
        report = await asyncio.to_thread(check, servers.bootstrap_servers, servers.database_url, prefix=one.prefix)

    assert report.ok, report.text()
    assert report.counts["commands"] == 3_000
