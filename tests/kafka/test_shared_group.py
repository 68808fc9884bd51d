"""One group and one name for the handlers of all aggregates: each has its own place in the group."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from service.local.servers import Endpoints
from tests.checker import check
from tests.running import apply_topics, running_handler, settings_for
from tests.workload import generate, publish


async def test_a_named_handler_of_two_aggregates_in_one_group_throws_nobody_out(servers: Endpoints) -> None:
    settings = settings_for(servers, "shared-group.", group="shared-group", instance_id="one")
    await apply_topics(settings)
    with capture_logs() as logs:
        async with running_handler(settings):
            messages = generate(200, ships=20, users=20, seed=3, prefix=settings.prefix)
            await asyncio.to_thread(publish, servers.bootstrap_servers, messages)
            report = await asyncio.to_thread(check, servers.bootstrap_servers, prefix=settings.prefix)
    assert report.ok, report.text()
    assert report.counts["commands"]
    assert [] == [line for line in logs if line["event"] in {"fenced", "partition stopped"}]
