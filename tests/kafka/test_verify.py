"""`fairlead verify` beside a running system: it finds nothing where nothing is wrong, and leaves no trace."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from service.audit.report import Report
from service.cli.exits import Exit
from service.cli.faults import explain
from service.cli.verify_run import verify
from service.kafka.audited import Stuck, read_records
from service.kafka.connection import connection
from service.local.servers import Endpoints
from service.settings import Settings
from tests.checker import check
from tests.running import PARTITIONS, apply_topics, running_handler, running_projectors, settings_for
from tests.workload import Message, generate, publish

_BOTH = ("ship", "user")
_COMMANDS = 10_000
_AT_ONCE, _TICK = 100, 0.2
_WHILE_BUSY = 3


async def test_nothing_is_found_while_it_works(servers: Endpoints, tmp_path: Path) -> None:
    settings = settings_for(servers, _prefix(), state_dir=str(tmp_path), max_batch=50)
    await apply_topics(settings)
    messages = generate(_COMMANDS, ships=40, users=40, seed=6, prefix=settings.prefix)
    async with running_handler(settings), running_projectors(settings):
        enough = asyncio.Event()
        load = asyncio.create_task(_publish_steadily(servers, messages, enough))
        reports = [await verify(settings, _BOTH, tmp_path) for _ in range(_WHILE_BUSY)]
        enough.set()
        await load
        await _check(servers, settings)
        reports.append(await verify(settings, _BOTH, tmp_path))

    assert [[]] * len(reports) == [report.violations for report in reports]
    seen = [report.counts["commands judged again"] for report in reports]
    assert sorted(seen) == seen
    assert seen[0] < seen[-1]
    assert reports[-1].counts["entities in local state"] > 0


async def test_it_leaves_no_trace(servers: Endpoints) -> None:
    settings = settings_for(servers, _prefix())
    await apply_topics(settings)
    messages = generate(400, ships=10, users=10, seed=9, prefix=settings.prefix)
    async with running_handler(settings), running_projectors(settings):
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages)
        await _check(servers, settings)
        members = await asyncio.to_thread(_members, servers, settings)
        assert [] == (await verify(settings, _BOTH, None)).violations
        assert members == await asyncio.to_thread(_members, servers, settings)
    before, written = await asyncio.to_thread(_offsets, servers, settings), await _written(settings)
    assert [] == (await verify(settings, _BOTH, None)).violations
    # Kafka itself removes a group once nobody is in it and none of its offsets is kept.
    assert (await asyncio.to_thread(_offsets, servers, settings)).items() <= before.items()
    assert written == await _written(settings)
    assert before.keys() <= members.keys()


@pytest.mark.parametrize("replies_too", [True, False])
async def test_what_retention_has_removed_is_not_objected_to(servers: Endpoints, *, replies_too: bool) -> None:
    settings = settings_for(servers, _prefix())
    await apply_topics(settings)
    messages = generate(2_000, ships=20, users=20, seed=10, prefix=settings.prefix)
    async with running_handler(settings), running_projectors(settings):
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages)
        await _check(servers, settings)
    for kind in ("commands", "replies") if replies_too else ("commands",):
        await asyncio.to_thread(_remove, servers, settings, kind, 60)

    report = await verify(settings, _BOTH, None)

    assert report.ok, report.text()
    _assert_some_judged(report, 2_000)


async def test_what_is_removed_while_it_is_read_is_told_and_is_no_difference(servers: Endpoints) -> None:
    settings = settings_for(servers, _prefix())
    await apply_topics(settings)
    messages = generate(400, ships=10, users=10, seed=9, prefix=settings.prefix)
    await asyncio.to_thread(publish, servers.bootstrap_servers, messages)
    await asyncio.to_thread(_remove, servers, settings, "commands", 5)

    reading = read_records(connection(settings), f"{settings.prefix}ship.commands", 0, 0, 11)
    with pytest.raises(Stuck, match="verify again") as told:
        await anext(reading)
    assert Exit.TIMED_OUT == explain(told.value).code


def _assert_some_judged(report: Report, commands: int) -> None:
    apart = {name: count for name, count in report.counts.items() if name.startswith("commands")}
    removed = 60 * PARTITIONS * len(_BOTH)
    assert commands - removed == sum(apart.values())
    assert apart["commands judged again"] > 0.7 * commands
    assert report.counts["rows of outcomes"] > 0


def _prefix() -> str:
    return f"verify-{uuid4().hex[:8]}."


async def _publish_steadily(servers: Endpoints, messages: list[Message], enough: asyncio.Event) -> None:
    """Some hundreds a second until it is enough; all of them are acknowledged then."""
    for start in range(0, len(messages), _AT_ONCE):
        if enough.is_set():
            return
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages[start : start + _AT_ONCE])
        await asyncio.sleep(_TICK)


async def _check(servers: Endpoints, settings: Settings) -> None:
    report = await asyncio.to_thread(check, servers.bootstrap_servers, servers.database_url, prefix=settings.prefix)
    assert report.ok, report.text()


def _members(servers: Endpoints, settings: Settings) -> dict[str, list[str]]:
    """Every group of consumers of this service, with its members."""
    admin = AdminClient({"bootstrap.servers": servers.bootstrap_servers})
    names = [group.group_id for group in admin.list_consumer_groups().result(30).valid]
    described = admin.describe_consumer_groups([name for name in names if name.startswith(settings.prefix)])
    return {name: sorted(member.member_id for member in of.result(30).members) for name, of in described.items()}


def _offsets(servers: Endpoints, settings: Settings) -> dict[str, list[tuple[str, int, int]]]:
    """Every group of consumers of this service, with its offsets."""
    admin, found = AdminClient({"bootstrap.servers": servers.bootstrap_servers}), {}
    for name in _members(servers, settings):
        offsets = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(name)])[name].result(30)
        found[name] = sorted((at.topic, at.partition, at.offset) for at in offsets.topic_partitions)
    return found


async def _written(settings: Settings) -> int:
    """How many rows were ever written to this service's own tables."""
    query = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE starts_with(schemaname, $1)"
    database = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        return int(await database.fetchval(query, settings.prefix) or 0)
    finally:
        await database.close()


def _remove(servers: Endpoints, settings: Settings, kind: str, before: int) -> None:
    admin = AdminClient({"bootstrap.servers": servers.bootstrap_servers})
    topics = [f"{settings.prefix}{aggregate}.{kind}" for aggregate in _BOTH]
    places = [TopicPartition(topic, partition, before) for topic in topics for partition in range(PARTITIONS)]
    for future in admin.delete_records(places).values():
        future.result(30)
