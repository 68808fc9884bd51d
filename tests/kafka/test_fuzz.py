"""What strangers may send is judged by the real service as the checker says, and neither stops nor loses anything."""

from __future__ import annotations

import asyncio

from fairlead.bounds import MAX_VALUE_BYTES
from service.domain import AGGREGATES
from service.kafka.topics import Topics
from service.local.servers import Endpoints
from tests.checker import check
from tests.domain.hostile import Hostile, Input
from tests.running import apply_topics, running_handler, running_projectors, settings_for
from tests.workload import Message, publish

INPUTS = 2_000


async def test_thousands_of_inputs_that_are_hardly_commands_are_judged_as_the_contract_says(
    servers: Endpoints,
) -> None:
    settings = settings_for(servers, "fuzz.")
    await apply_topics(settings)
    messages = [
        Message(Topics(aggregate, settings.prefix).commands, one.key, one.value, tuple(one.headers))
        for aggregate in AGGREGATES
        for hostile in [Hostile(aggregate, 3)]
        for one in (hostile.next() for _ in range(INPUTS))
        if _fits(one)
    ]
    async with running_handler(settings), running_projectors(settings):
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages)
        report = await asyncio.to_thread(check, servers.bootstrap_servers, servers.database_url, prefix=settings.prefix)

    assert report.ok, report.text()
    assert len(messages) == report.counts["commands"]
    assert report.counts["accepted"] > 50
    assert report.counts["invalid.unreadable"] > INPUTS / 10
    assert report.counts["invalid.invalid_command"] > INPUTS / 10


def _fits(one: Input) -> bool:
    """Whether a broker takes it."""
    headers = sum(len(name.encode()) + len(content or b"") for name, content in one.headers)
    return len(one.key or b"") + len(one.value or b"") + headers < MAX_VALUE_BYTES - 10_000
