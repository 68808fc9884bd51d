"""What is copied at once is bounded by bytes as well: a dead letter may be as long as a command."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from service.commands.ports import Draft
from service.kafka.connection import connection
from service.kafka.moving import copying
from service.kafka.moving.places import Place
from service.kafka.topics import Topics
from service.local.servers import Endpoints
from tests.kafka.moves import places, quietly, records_of
from tests.running import PARTITIONS, apply_topics

_LENGTH = 200 * 1024
_LETTERS = 100


async def test_long_records_are_copied_a_few_at_once(servers: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = places(servers)
    for settings in (old, new):
        await apply_topics(settings)
    topic = Topics("ship", old.prefix).dead_letters
    async with AIOKafkaProducer(bootstrap_servers=servers.bootstrap_servers, max_request_size=2**20) as producer:
        for number in range(_LETTERS):
            await producer.send_and_wait(topic, bytes([number]) * _LENGTH, b"a ship", partition=0)
    send, at_once = copying._send, list[int]()  # noqa: SLF001  # what goes by at once is seen nowhere else

    async def sent(producer: Any, topic: str, drafts: defaultdict[int, list[Draft]]) -> None:
        at_once.append(sum(len(draft.value or b"") for some in drafts.values() for draft in some))
        await send(producer, topic, drafts)

    monkeypatch.setattr(copying, "_send", sent)
    source, target = (Place(connection(one), Topics("ship", one.prefix), PARTITIONS) for one in (old, new))
    assert _LETTERS == await copying.copy(source, target, "dead-letters", quietly(""))
    assert _LETTERS * _LENGTH == sum(at_once)
    assert max(at_once) < 9 * 1024 * 1024
    copied = await records_of(new, "ship.dead-letters", PARTITIONS)
    assert await records_of(old, "ship.dead-letters", PARTITIONS) == copied
