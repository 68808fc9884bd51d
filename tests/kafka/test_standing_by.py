"""Who stands by says how far it is from being able to take over at once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from service.kafka.topics import Topics
from service.local.ports import free_port
from service.local.servers import Endpoints
from tests.chaos.handlers import handler
from tests.chaos.load import Load
from tests.kafka.supervised import Answer, asking, open_transaction, readyz
from tests.running import PARTITIONS, apply_topics, settings_for

_COMMANDS = 5_000


async def test_a_standby_tells_how_many_records_it_is_behind(servers: Endpoints, tmp_path: Path) -> None:
    settings = settings_for(servers, "standing-by.", health_port=free_port(), standby=True)
    terms = {"prefix": settings.prefix, "standby": True}
    await apply_topics(settings)
    load = Load(servers.bootstrap_servers, settings.prefix)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(asking(settings))
        for name, port in (("one", settings.health_port), ("other", free_port())):
            disk = {"state_dir": tmp_path / name, "health_port": port}
            await stack.enter_async_context(handler(servers, tmp_path, {**terms, **disk}))
        await readyz(http, lambda answer: PARTITIONS // 2 == sum(map(up_to_date, copies(answer))))
        async with AsyncExitStack() as hiding:
            # Whoever owns a partition works on, and nobody can read what it writes.
            for partition in range(PARTITIONS):
                replies = Topics("ship", settings.prefix).replies
                await hiding.enter_async_context(open_transaction(servers, replies, partition))
            load.burst(_COMMANDS)
            await asyncio.to_thread(load.settle)
            _, told = await readyz(http, lambda answer: PARTITIONS // 2 == sum(map(behind, copies(answer))))
            assert all(part["ready"] for part in copies((0, told)))
        await readyz(http, lambda answer: PARTITIONS // 2 == sum(map(up_to_date, copies(answer))))


def copies(answer: Answer) -> list[dict[str, Any]]:
    """How a handler stands by for others."""
    return [part for part in answer[1]["parts"] if part["name"].endswith(" standby")]


def up_to_date(part: dict[str, Any]) -> bool:
    """Whether it has read what there is to read."""
    return part["state"] == "following" and part["reason"] is None


def behind(part: dict[str, Any]) -> bool:
    """Whether it says that it has not."""
    return part["state"] == "following" and str(part["reason"]).endswith(" records behind")
