"""What Kafka lets a stranger write, and no well-behaved client can, is read all the same."""

from __future__ import annotations

import asyncio
import json
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from service.audit.hashing import partition_of
from service.kafka.topics import Topics
from service.local.servers import Endpoints
from tests.running import PARTITIONS, apply_topics, running_handler, settings_for


class _NoText(str):
    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe" + str(self).encode()


async def test_a_header_whose_name_is_no_text_stops_nothing(servers: Endpoints) -> None:
    settings = settings_for(servers, "lenient.")
    await apply_topics(settings)
    async with (
        AIOKafkaProducer(bootstrap_servers=servers.bootstrap_servers) as producer,
        running_handler(settings),
    ):
        for value in (_register(name="Lenient"), b"no JSON"):
            batch = producer.create_batch()
            batch._builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 1 << 20)  # noqa: SLF001  # the public one takes text only
            key = json.loads(value)["subject"].encode() if value.startswith(b"{") else b"any"
            batch.append(timestamp=None, key=key, value=value, headers=[(_NoText("name"), b"1"), ("empty", None)])
            batch.close()
            partition = partition_of(key, PARTITIONS)
            await (await producer.send_batch(batch, Topics("ship", settings.prefix).commands, partition=partition))
        letter = await _first(servers, Topics("ship", settings.prefix).dead_letters)
        reply = await _first(servers, Topics("ship", settings.prefix).replies)

    assert json.loads(reply.value)["data"]["status"] == "accepted"
    assert letter.value == b"no JSON"
    assert dict(letter.headers)["\\xff\\xfename"] == b"1"


async def _first(servers: Endpoints, topic: str) -> ConsumerRecord:
    """The first record that comes on a topic."""
    async with AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers.bootstrap_servers,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    ) as consumer:
        async with asyncio.timeout(30):
            return await consumer.getone()


def _register(name: str) -> bytes:
    subject = str(uuid4())
    command = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/stranger",
        "type": "register_ship",
        "subject": subject,
        "data": {"name": name},
    }
    return json.dumps(command).encode()
