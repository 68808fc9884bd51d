"""A kill may come before anything was ever committed."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaProducer

from service.kafka.topics import Topics
from service.local.servers import Endpoints
from tests.checker import check
from tests.running import PARTITIONS, apply_topics, running_handler, running_projectors, settings_for
from tests.workload import generate, publish


async def test_an_owner_killed_in_its_first_transaction_is_followed_by_another(servers: Endpoints) -> None:
    settings = settings_for(servers, "first.")
    await apply_topics(settings)
    topics = Topics("ship", settings.prefix)
    for partition in range(PARTITIONS):
        killed = AIOKafkaProducer(
            bootstrap_servers=servers.bootstrap_servers, transactional_id=topics.transactional_id(partition)
        )
        await killed.start()
        await killed.begin_transaction()
        await killed.send_and_wait(topics.events, b"never committed", partition=partition)
        # As the next owner's fence would abort it.
        await killed.abort_transaction()
        await killed.stop()
    async with running_handler(settings), running_projectors(settings):
        messages = generate(200, ships=10, users=10, seed=5, prefix=settings.prefix)
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages)
        report = await asyncio.to_thread(check, servers.bootstrap_servers, servers.database_url, prefix=settings.prefix)

    assert report.ok, report.text()
    assert report.counts["commands"] == 200
