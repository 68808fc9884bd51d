"""What was sent again is counted, whatever interrupts it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from service.kafka.connection import connection
from service.kafka.dead_letters import DeadLetter
from service.kafka.redrive import redriving
from service.kafka.topics import Topics
from service.local.servers import Endpoints
from tests.cli.letters import Desk
from tests.running import PARTITIONS


@pytest.mark.parametrize("turns", [1, 5, 20, 100])
async def test_an_interrupted_sending_knows_what_the_brokers_have(
    servers: Endpoints, tmp_path: Path, turns: int
) -> None:
    desk = await Desk.open(servers, tmp_path)
    topics = Topics("ship", desk.settings.prefix)
    async with redriving(connection(desk.settings), topics, PARTITIONS) as redriver:
        await redriver.publish([_letter()])
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(redriver.publish([_letter() for _ in range(200)]))
            for _ in range(turns):
                await asyncio.sleep(0)
            sending.cancel()
        sent = redriver.sent
    assert sent == len(await desk.records("commands", sent))
    await desk.close()


def _letter() -> DeadLetter:
    key = str(uuid4()).encode()
    return DeadLetter(0, 0, 0, key, b"no JSON", (), "unreadable", "because", 0, 0, None)
