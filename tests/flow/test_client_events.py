"""A caller follows what happens: each event once, in the order of its entity, from wherever it stood."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from uuid import uuid4

import pytest

from fairlead import Client, FollowedEvent
from fairlead.failures import BadToken, EventsGone
from fairlead.ship import CargoLoaded, DockShip, LoadCargo, RegisterShip, ShipDocked, ShipRegistered
from fairlead.tokens import Followed, read_token, write_token
from fairlead.user import CreateUser, UserCreated

_SECONDS = 60
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def loaded(client: Client, ship: str) -> None:
    for command in (RegisterShip(name="x"), DockShip(port="Rio"), LoadCargo(item="tea", quantity=5)):
        assert "accepted" == (await client.send(command, ship)).data.status


async def all_of(client: Client, ship: str, after: str | None = None) -> list[FollowedEvent]:
    return [event async for event in client.events("ship", entity_id=ship, after=after, follow=False)]


async def test_the_events_of_an_entity_are_its_own_in_their_order(client: Client) -> None:
    ship, other = str(uuid4()), str(uuid4())
    await loaded(client, ship)
    await loaded(client, other)
    found = await all_of(client, ship)
    assert [1, 2, 3] == [event.entityversion for event in found]
    assert {ship} == {event.subject for event in found}
    assert [ShipRegistered(name="x"), ShipDocked(port="Rio"), CargoLoaded(item="tea", quantity=5, port="Rio")] == [
        event.data for event in found
    ]


async def test_the_events_of_an_aggregate_are_those_of_all(client: Client) -> None:
    before = await client.latest("ship")
    ships = [str(uuid4()) for _ in range(8)]
    for ship in ships:
        await loaded(client, ship)
    found: dict[str, list[int]] = {ship: [] for ship in ships}
    async for event in client.events("ship", after=before, follow=False):
        found[event.subject].append(event.entityversion)
    assert [[1, 2, 3]] * 8 == list(found.values())


@pytest.mark.parametrize("stop", [1, 2])
async def test_a_token_goes_on_behind_its_event(client: Client, stop: int) -> None:
    ship = str(uuid4())
    await loaded(client, ship)
    found = await all_of(client, ship)
    later = await all_of(client, ship, found[stop - 1].token)
    assert found[stop:] == later


async def test_each_token_tells_of_all_partitions_whichever_have_had_events(client: Client) -> None:
    await client.send(RegisterShip(name="x"), str(uuid4()))
    async with aclosing(client.events("ship")) as following:
        first = (await anext(following)).token
    latest = await client.latest("ship")
    followed = Followed(client._transport.prefix, "ship", None)  # noqa: SLF001  # nobody else is to know
    assert read_token(latest, followed).keys() == read_token(first, followed).keys()


async def test_each_event_of_an_aggregate_comes_once_however_often_it_is_resumed(client: Client) -> None:
    token = await client.latest("ship")
    ships = [str(uuid4()) for _ in range(4)]
    for ship in ships:
        await loaded(client, ship)
    seen = []
    for _ in range(12):
        async for event in client.events("ship", after=token):
            seen.append((event.subject, event.entityversion))
            token = event.token
            break
    assert sorted((ship, version) for ship in ships for version in (1, 2, 3)) == sorted(seen)


async def test_what_happens_later_comes_as_well(client: Client) -> None:
    ship = str(uuid4())
    token = await client.latest("ship", entity_id=ship)
    following = asyncio.create_task(anext(client.events("ship", entity_id=ship, after=token)))
    await client.send(RegisterShip(name="x"), ship)
    event = await asyncio.wait_for(following, _SECONDS)
    assert (ship, ShipRegistered(name="x")) == (event.subject, event.data)


async def test_an_event_names_its_cause_and_carries_trace_and_correlation(client: Client) -> None:
    ship = str(uuid4())
    reply = await client.send(
        RegisterShip(name="x"), ship, correlation_id="tour", traceparent=TRACE, tracestate="vendor=1"
    )
    [event] = await all_of(client, ship)
    assert (reply.causationid, "tour", TRACE, "vendor=1") == (
        event.causationid,
        event.correlationid,
        event.traceparent,
        event.tracestate,
    )
    assert [event.id] == [ref.id for ref in reply.data.events]


async def test_without_a_trace_there_is_none(client: Client) -> None:
    ship = str(uuid4())
    await client.send(RegisterShip(name="x"), ship)
    [event] = await all_of(client, ship)
    assert (None, None, None) == (event.correlationid, event.traceparent, event.tracestate)


async def test_a_person_is_followed_like_a_ship(client: Client) -> None:
    user = str(uuid4())
    await client.send(CreateUser(username="test_user", balance=10), user)
    [event] = [event async for event in client.events("user", entity_id=user, follow=False)]
    # On Kafka the name is sealed.
    assert isinstance(event.data, UserCreated)
    assert 10 == event.data.balance


async def test_a_token_is_of_what_it_was_made_for(client: Client) -> None:
    ship, another = str(uuid4()), str(uuid4())
    token = await client.latest("ship", entity_id=ship)
    for aggregate, entity_id in (("ship", None), ("ship", another), ("user", ship)):
        with pytest.raises(BadToken, match="not of"):
            await anext(client.events(aggregate, entity_id=entity_id, after=token))
    of_topics_elsewhere = write_token(Followed("elsewhere.", "ship", None), {0: 0})
    with pytest.raises(BadToken, match="elsewhere"):
        await anext(client.events("ship", after=of_topics_elsewhere, follow=False))
    with pytest.raises(BadToken, match="no token"):
        await anext(client.events("ship", after="{}"))


@pytest.mark.parametrize("follow", [False, True])
async def test_a_token_of_what_has_not_happened_is_of_another_log(client: Client, *, follow: bool) -> None:
    followed = Followed(client._transport.prefix, "ship", None)  # noqa: SLF001  # nobody else is to know
    ends = read_token(await client.latest("ship"), followed)
    beyond = write_token(followed, {partition: end + 1_000_000 for partition, end in ends.items()})
    with pytest.raises(EventsGone):
        await asyncio.wait_for(anext(client.events("ship", after=beyond, follow=follow)), _SECONDS)


async def test_an_aggregate_that_there_is_not_has_no_events(client: Client) -> None:
    with pytest.raises(LookupError, match="kraken"):
        await anext(client.events("kraken"))
