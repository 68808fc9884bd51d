"""Any entity, now and at any moment."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from service.postgres.queries import Queries
from service.projections.answers import NotFound, NotYet
from service.projections.questions import NOW, Fresh, Span, Then
from tests.event_records import NOON
from tests.postgres.seeding import Happening, Seeding

AURORA: list[Happening] = [
    ("aurora", "ShipRegistered", {"name": "Aurora"}),
    ("aurora", "ShipDocked", {"port": "Oslo"}),
    ("aurora", "CargoLoaded", {"item": "tea", "quantity": 5, "port": "Oslo"}),
    ("aurora", "CargoUnloaded", {"item": "tea", "quantity": 5, "port": "Oslo"}),
    ("aurora", "ShipDeparted", {"departed_from": "Oslo"}),
]


async def test_a_ship_now_and_at_each_version(queries: Queries, seeding: Seeding) -> None:
    await seeding.events("ship", *AURORA)

    now = await queries.state("ship", "aurora")
    assert (5, {"name": "Aurora", "status": "at sea", "current_port": None, "cargo": {}}) == (now.version, now.fields)
    assert now == await queries.state("ship", "aurora", Then(version=5))
    loaded = await queries.state("ship", "aurora", Then(version=3))
    assert {"name": "Aurora", "status": "docked", "current_port": "Oslo", "cargo": {"tea": 5}} == loaded.fields


async def test_a_moment_is_inclusive_and_meant_for_the_running_maximum_of_times(
    queries: Queries, seeding: Seeding
) -> None:
    await seeding.events("ship", *AURORA, minutes=(1, 10, 5, 12, 11))

    async def version(minute: int) -> int:
        return (await queries.state("ship", "aurora", Then(at=NOON + timedelta(minutes=minute)))).version

    assert [1, 1, 3, 3, 5] == [await version(minute) for minute in (1, 9, 10, 11, 12)]
    events = await queries.events("ship", "aurora", Span(10, until=NOON + timedelta(minutes=10)))
    assert [1, 2, 3] == [event["version"] for event in events.items]
    with pytest.raises(NotFound, match="Ship with ID aurora not found"):
        await version(0)


async def test_what_never_was_is_not_found(queries: Queries, seeding: Seeding) -> None:
    await seeding.events("ship", *AURORA)

    for then in (NOW, Then(version=1), Then(at=NOON)):
        with pytest.raises(NotFound, match="User with ID 7 not found"):
            await queries.state("user", "7", then)
    with pytest.raises(NotFound, match="Ship with ID aurora has no version 6"):
        await queries.state("ship", "aurora", Then(version=6))
    with pytest.raises(NotFound, match="Ship with ID x not found"):
        await queries.events("ship", "x", Span(1))


@pytest.mark.parametrize("then", [NOW, Then(version=1)])
async def test_a_reader_who_waits_is_answered_once_the_version_is_there(
    queries: Queries, seeding: Seeding, then: Then
) -> None:
    with pytest.raises(NotYet, match="The projection has version 0"):
        await queries.state("ship", "aurora", then, Fresh(1))
    waiting = asyncio.create_task(queries.state("ship", "aurora", then, Fresh(1, 20)))
    for _ in range(20):
        await queries.ping()
    assert not waiting.done()

    started = asyncio.get_running_loop().time()
    await seeding.events("ship", AURORA[0])
    state = await waiting
    assert (1, True) == (state.version, asyncio.get_running_loop().time() - started < 5)


async def test_an_export_is_ordered_by_time_entity_and_version(queries: Queries, seeding: Seeding) -> None:
    await seeding.events("ship", ("b", "ShipRegistered", {"name": "B"}), ("b", "ShipDocked", {"port": "Oslo"}))
    await seeding.events("ship", ("a", "ShipRegistered", {"name": "A"}), ("a", "ShipDocked", {"port": "Oslo"}))

    exported = [(event["entity_id"], event["version"]) async for event in queries.export("ship")]
    assert [("a", 1), ("b", 1), ("a", 2), ("b", 2)] == exported
    assert [] == [event async for event in queries.export("user")]


async def test_in_an_export_versions_rise_and_a_time_that_falls_says_what_was_reached(
    queries: Queries, seeding: Seeding
) -> None:
    docked = [("a", "ShipDocked", {"port": port}) for port in ("Rio", "Oslo")]
    await seeding.events("ship", ("a", "ShipRegistered", {"name": "A"}), *docked, minutes=(1, 3, 2))
    await seeding.events("ship", ("b", "ShipRegistered", {"name": "B"}), minutes=(2,))

    exported = [event async for event in queries.export("ship")]
    minutes = [(event[name] - NOON) // timedelta(minutes=1) for event in exported for name in ("time", "reached")]
    assert [("a", 1), ("b", 1), ("a", 2), ("a", 3)] == [(event["entity_id"], event["version"]) for event in exported]
    assert [1, 1, 2, 2, 3, 3, 2, 3] == minutes


async def test_who_waits_for_a_projection_that_nobody_runs_is_told_to_look_for_it(
    queries: Queries, seeding: Seeding
) -> None:
    await seeding.events("ship", *AURORA)
    place = f"{seeding.names.prefix}ship.events", 0
    await queries.caught_up("journal", {place: 5}, wait_s=10)
    with pytest.raises(TimeoutError, match=r"journal has not come level with the log in 0\.1 s: .*`fairlead project`"):
        await queries.caught_up("journal", {place: 6}, wait_s=0.1)


async def test_each_outcome_of_a_command_id_is_told(queries: Queries, seeding: Seeding) -> None:
    reference = [{"id": "e", "type": "ShipDocked", "version": 2}]
    await seeding.reply("ship", "aurora", "c", status="accepted", entity_version=2, events=reference)
    await seeding.reply("user", "7", "c", status="rejected", code="not_found", message="User with ID 7 not found")
    await seeding.reply("user", "7", "c", status="rejected", code="not_found", duplicate=True)

    outcomes = (await queries.outcomes("c")).items
    assert [("ship", "aurora", "accepted"), ("user", "7", "rejected")] == [
        (outcome["aggregate"], outcome["entity_id"], outcome["status"]) for outcome in outcomes
    ]
    assert [reference, []] == [outcome["events"] for outcome in outcomes]


async def test_progress_tells_where_each_projection_stands(queries: Queries, seeding: Seeding) -> None:
    await seeding.events("ship", *AURORA)

    progress = [
        (row["projection"], row["topic"], row["partition"], row["next_offset"]) for row in await queries.progress()
    ]
    assert [(name, f"{seeding.names.prefix}ship.events", 0, 5) for name in ("journal", "ports", "ships")] == progress
