"""Whatever goes wrong between a command and its reply, nobody else pays for it, and its caller has the command's id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import KafkaError
from confluent_kafka import Consumer, Producer

from fairlead import Client
from fairlead.failures import Unreachable, again
from fairlead.kafka.replies import ReplyReader
from fairlead.ship import RegisterShip
from service.local.child import until
from service.local.servers import Endpoints
from service.settings import Settings
from tests.ends import end_of
from tests.running import PARTITIONS, apply_topics, settings_for

_SECONDS = 30.0
# No JSON, none of an object, none of an object with an id that can be one.
_NO_REPLIES = (None, b"", b"\xff{", b"7", b"null", b"[]", b'"causationid"', b"{}", b'{"causationid":[]}', b'{"id":{}}')

_REPLY = (
    b'{"id":"1","source":"/s","type":"CommandReply","time":"2026-11-24T18:20:00Z","causationid":"0b9a","data":{"status":'
    b'"rejected","code":"not_found","message":"","entity_version":0,"events":[],"duplicate":false,"retry_after_ms":null}}'
)


@pytest.fixture
async def settings(servers: Endpoints) -> Settings:
    settings = settings_for(servers, f"troubles-{uuid4().hex[:8]}.")
    await apply_topics(settings)
    return settings


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with Client(bootstrap_servers=settings.bootstrap_servers, prefix=settings.prefix) as client:
        yield client


async def write(settings: Settings, *values: bytes | None) -> None:
    """Publish among the replies, as a stranger."""
    producer = Producer({"bootstrap.servers": settings.bootstrap_servers})
    for partition in range(PARTITIONS):
        for value in values:
            producer.produce(f"{settings.prefix}ship.replies", value, b"key", partition)
    assert await asyncio.to_thread(producer.flush, _SECONDS) == 0


async def ids_of_errors(*sent: Awaitable[Any]) -> list[tuple[type[object], str | None]]:
    told = await asyncio.gather(*sent, return_exceptions=True)
    return [(type(error), getattr(error, "command_id", None)) for error in told]


async def waiting(settings: Settings, client: Client, *ids: str) -> list[asyncio.Task[Any]]:
    """Commands that nobody answers, published."""
    sent = [client.send(RegisterShip(name="x"), str(uuid4()), command_id=id_) for id_ in ids]
    tasks = [asyncio.create_task(one) for one in sent]
    topic = f"{settings.prefix}ship.commands"
    consumer = Consumer({"bootstrap.servers": settings.bootstrap_servers, "group.id": "not-used"})
    try:
        places = range(PARTITIONS)
        assert await until(lambda: sum(end_of(consumer, topic, one) for one in places) >= len(ids), _SECONDS)
    finally:
        consumer.close()
    return tasks


async def test_what_is_no_reply_is_passed_over(settings: Settings, client: Client) -> None:
    [task] = await waiting(settings, client, "0b9a")
    # No handler writes to a topic where others do.
    await write(settings, *_NO_REPLIES, _REPLY)
    assert "rejected" == (await task).data.status


async def test_who_waits_when_the_client_is_closed_has_the_id_of_the_command(settings: Settings) -> None:
    async with Client(bootstrap_servers=settings.bootstrap_servers, prefix=settings.prefix) as client:
        tasks = await waiting(settings, client, "0b9a", "0b9b")
    assert [(ConnectionError, "0b9a"), (ConnectionError, "0b9b")] == await ids_of_errors(*tasks)


async def test_who_waits_when_the_reader_of_replies_ends_has_the_id_of_the_command(
    settings: Settings, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deliver(_reader: ReplyReader, _value: bytes) -> None:
        raise KafkaError("no more")

    tasks = await waiting(settings, client, "0b9a", "0b9b")
    monkeypatch.setattr(ReplyReader, "_deliver", deliver)
    await write(settings, b"{}")
    assert [(KafkaError, "0b9a"), (KafkaError, "0b9b")] == await ids_of_errors(*tasks)


async def test_who_waits_is_told_that_aiokafka_reads_nothing_more_and_who_asks_next_is_answered(
    settings: Settings, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("an error of its own")

    [task] = await waiting(settings, client, "0b9b")
    following = client.events("ship")
    with monkeypatch.context() as patch:
        patch.setattr(Fetcher, "_get_actions_per_node", fail)
        async with asyncio.timeout(_SECONDS):
            assert [(ConnectionError, "0b9b")] == await ids_of_errors(task)
            with pytest.raises(ConnectionError, match="reads nothing more"):
                await anext(following)
    first, second = await waiting(settings, client, "0b9a", "0b9b")
    await write(settings, _REPLY)
    assert "rejected" == (await first).data.status
    second.cancel()


async def test_of_a_batch_that_failed_each_caller_has_the_id_of_the_command(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def send_batch(*_: object, **__: object) -> None:
        raise KafkaError("not now")

    ship = str(uuid4())
    await client.publish(RegisterShip(name="x"), ship)
    monkeypatch.setattr(AIOKafkaProducer, "send_batch", send_batch)
    sent = (client.send(RegisterShip(name="x"), ship, command_id=id_) for id_ in ("0b9a", "0b9b"))
    published = client.publish(RegisterShip(name="x"), ship, command_id="0b9c")
    expected = [(KafkaError, "0b9a"), (KafkaError, "0b9b"), (KafkaError, "0b9c")]
    assert expected == await ids_of_errors(*sent, published)


def test_an_error_that_is_told_again_says_the_same() -> None:
    error = Unreachable("somewhere")
    other = again(error)
    assert (type(error), str(error), error) == (type(other), str(other), other.__cause__)
