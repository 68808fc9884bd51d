"""What a follower meets on a log that others write to: removed events, more partitions, what was never committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]  # as its documentation says

from fairlead import Client, FollowedEvent
from fairlead.failures import EventsGone, UnreadableEvent
from fairlead.ship import ShipDocked
from service.audit.hashing import partition_of
from service.local.servers import Endpoints
from tests.event_records import event_record
from tests.kafka.handmade_topics import transaction
from tests.kafka.pier import Pier

PARTITIONS = 2
_SECONDS = 60.0


@pytest.fixture
async def pier(servers: Endpoints) -> Pier:
    return await Pier(servers).build()


@pytest.fixture
async def client(pier: Pier) -> AsyncIterator[Client]:
    async with Client(bootstrap_servers=pier.bootstrap_servers, prefix=pier.settings.prefix) as client:
        yield client


def ship_on(partition: int, partitions: int = PARTITIONS) -> str:
    ships = iter(lambda: str(uuid4()), None)
    return next(ship for ship in ships if ship and partition_of(ship.encode(), partitions) == partition)


def write(pier: Pier, partition: int, *values: tuple[str, bytes]) -> None:
    """Publish for these ships, committed."""
    with transaction(pier.bootstrap_servers) as producer:
        produce(pier, producer, partition, *values)


def produce(pier: Pier, producer: Producer, partition: int, *values: tuple[str, bytes]) -> None:
    for ship, value in values:
        producer.produce(pier.topic("events"), value, ship.encode(), partition)


def docked(ship: str, version: int, type_: str = "ShipDocked", **fields: Any) -> tuple[str, bytes]:
    fields = {"source": "/fairlead/ship", "commanddigest": "0" * 32, **fields}
    return ship, event_record(0, ship, version, (type_, {"port": "Rio"}), **fields).value


async def found(client: Client, **which: Any) -> list[FollowedEvent]:
    return [event async for event in client.events("ship", follow=False, **which)]


async def test_who_does_not_follow_is_told_nothing_that_happened_after_it_began(pier: Pier) -> None:
    producer = Producer({"bootstrap.servers": pier.bootstrap_servers, "linger.ms": 0})
    first, second = ship_on(0), ship_on(1)

    def write_each(partition: int, *values: tuple[str, bytes]) -> None:
        for value in values:
            produce(pier, producer, partition, value)
            producer.flush()

    write_each(1, docked(second, 1))
    write_each(0, *(docked(first, version) for version in range(1, 21)))
    # A batch at a time, so that one partition is read for longer than the other.
    small: dict[str, Any] = {"max_partition_fetch_bytes": 1}
    async with Client(bootstrap_servers=pier.bootstrap_servers, prefix=pier.settings.prefix, **small) as client:
        told: list[tuple[str, int]] = []
        async for event in client.events("ship", follow=False):
            if not told:
                write_each(1, docked(second, 2))
            told.append((event.subject, event.entityversion))
    assert sorted([(second, 1), *((first, version) for version in range(1, 21))]) == sorted(told)


async def test_what_was_removed_behind_a_token_is_an_error_and_not_passed_over(pier: Pier, client: Client) -> None:
    ship = ship_on(0)
    write(pier, 0, *(docked(ship, version) for version in range(1, 6)))
    [first, *_] = await found(client)
    await pier.remove("events", 0, 3)
    with pytest.raises(EventsGone, match="partition 0"):
        await found(client, after=first.token)
    assert [4, 5] == [event.entityversion for event in await found(client)]


async def test_what_was_removed_before_a_partition_told_anything_is_an_error(pier: Pier, client: Client) -> None:
    write(pier, 0, docked(ship_on(0), 1))
    [first] = await found(client)
    write(pier, 1, docked(ship_on(1), 1), docked(ship_on(1), 1))
    await pier.remove("events", 1, 1)
    with pytest.raises(EventsGone, match="partition 1"):
        await found(client, after=first.token)


async def test_a_token_from_beyond_the_end_is_of_another_log(pier: Pier, client: Client) -> None:
    write(pier, 0, docked(ship_on(0), 1))
    [event] = await found(client)
    await pier.recreate("events")
    with pytest.raises(EventsGone):
        await found(client, after=event.token)


async def test_a_follower_whose_place_is_gone_is_told(pier: Pier, client: Client) -> None:
    ship = ship_on(0)
    write(pier, 0, docked(ship, 1))
    following = client.events("ship", entity_id=ship)
    assert 1 == (await anext(following)).entityversion
    await pier.recreate("events")
    with pytest.raises(EventsGone, match="partition 0"):
        await asyncio.wait_for(anext(following), _SECONDS)


async def test_a_token_outlives_more_partitions(pier: Pier, client: Client) -> None:
    ship = ship_on(1)
    write(pier, 1, docked(ship, 1))
    [event] = await found(client)
    topic = pier.topic("events")
    admin = AdminClient({"bootstrap.servers": pier.bootstrap_servers})
    await asyncio.to_thread(admin.create_partitions([NewPartitions(topic, 4)])[topic].result, _SECONDS)
    other = ship_on(3, 4)
    await asyncio.to_thread(write, pier, 3, docked(other, 1))
    await asyncio.to_thread(write, pier, 1, docked(ship, 2))
    async with Client(bootstrap_servers=pier.bootstrap_servers, prefix=pier.settings.prefix) as later:
        assert {(other, 1), (ship, 2)} == {
            (event.subject, event.entityversion) for event in await found(later, after=event.token)
        }


async def test_of_one_entity_only_its_partition_is_read(pier: Pier, client: Client) -> None:
    ship = ship_on(0)
    write(pier, 0, docked(ship, 1))
    write(pier, 1, (ship, b"no event"))
    assert [1] == [event.entityversion for event in await found(client, entity_id=ship)]
    with pytest.raises(UnreadableEvent):
        await found(client)


async def test_behind_what_cannot_be_read_one_can_go_on(pier: Pier, client: Client) -> None:
    ship = ship_on(0)
    newer = docked(ship, 2, dataschema="urn:fairlead:ship:ShipDocked:9")
    write(pier, 0, docked(ship, 1), newer, docked(ship, 3))
    following = client.events("ship")
    assert 1 == (await anext(following)).entityversion
    with pytest.raises(UnreadableEvent, match=r"partition 0, offset 1 cannot be read: .*version 9") as unread:
        await anext(following)
    assert [3] == [event.entityversion for event in await found(client, after=unread.value.token)]


async def test_a_type_that_is_not_known_yet_is_passed_over(pier: Pier, client: Client) -> None:
    ship = ship_on(0)
    write(pier, 0, docked(ship, 1), docked(ship, 2, "ShipSunk"), docked(ship, 3, later="attribute"))
    assert [(1, ShipDocked(port="Rio")), (3, ShipDocked(port="Rio"))] == [
        (event.entityversion, event.data) for event in await found(client)
    ]


async def test_what_was_never_committed_never_comes(pier: Pier, client: Client) -> None:
    ship = ship_on(0)
    with transaction(pier.bootstrap_servers, commit=False) as producer:
        produce(pier, producer, 0, docked(ship, 1))
    write(pier, 0, docked(ship, 2))
    assert [2] == [event.entityversion for event in await found(client)]
