"""A ship whose rules fail on a port: what comes after waits, until somebody says what becomes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import orjson
import pytest

from service.domain import AGGREGATES
from service.local.servers import Endpoints
from tests.domain.atlantis import Rules
from tests.domain.partition import envelope
from tests.flow.harness import Harness, Message, Place, ask, told
from tests.flow.real import Real, running_service
from tests.flow.twin import Twin


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules()


@pytest.fixture(scope="module")
def twin(rules: Rules) -> Twin:
    return Twin({**AGGREGATES, "ship": rules.aggregate})


@pytest.fixture(scope="module")
async def real(servers: Endpoints, rules: Rules) -> AsyncIterator[Real]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(AGGREGATES, "ship", rules.aggregate)
        async with running_service(servers.bootstrap_servers, servers.database_url, "parking.") as service:
            yield service


@pytest.fixture(params=["twin", "real"], scope="module")
def harness(request: pytest.FixtureRequest) -> Harness:
    chosen: Harness = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(autouse=True)
def faulty(rules: Rules) -> None:
    rules.mended = False


async def publish(harness: Harness, ship: str, type_: str, **data: Any) -> Place:
    return await harness.publish("ship", ship.encode(), orjson.dumps(envelope(type_, ship, data)))


async def sunk(harness: Harness) -> tuple[str, Place, Place]:
    """A ship, the command that it failed on, and one that waits."""
    ship = str(uuid4())
    await publish(harness, ship, "register_ship", name="Pacific Explorer")
    failed = await publish(harness, ship, "dock_ship", port="Atlantis")
    waits = await publish(harness, ship, "load_cargo", item="tea", quantity=5)
    await harness.reply(waits)
    return ship, failed, waits


async def answers(harness: Harness, *places: Place, by: Place | None = None) -> list[tuple[str, str | None]]:
    data = [(await harness.reply(place, by)).json["data"] for place in places]
    return [(one["status"], one["code"]) for one in data]


def header(letter: Message, name: str) -> bytes | None:
    return dict(letter.headers)[f"fairlead-{name}"]


async def test_what_comes_after_a_failure_waits_and_other_ships_go_on(harness: Harness) -> None:
    ship, failed, waits = await sunk(harness)
    assert [("failed", "internal_error"), ("failed", "parked")] == await answers(harness, failed, waits)
    assert [b"internal_error", b"parked"] == [
        header(await harness.dead_letter(place), "code") for place in (failed, waits)
    ]
    assert [{"from": failed.offset}] == [one.json["parked"] for one in await harness.snapshots("ship", ship)]
    assert ["ShipRegistered"] == [type_ for type_, _ in await told(harness, "ship", ship)]
    assert "accepted" == (await ask(harness, "ship", envelope("register_ship", str(uuid4()), {"name": "A"})))[0]


async def test_what_waits_is_redriven_once_the_fault_is_mended(harness: Harness, rules: Rules) -> None:
    ship, failed, waits = await sunk(harness)
    rules.mended = True
    redrive = await publish(harness, ship, "redrive_parked")
    assert [("accepted", None)] == await answers(harness, redrive)
    assert [("accepted", None)] * 2 == await answers(harness, failed, waits, by=redrive)
    assert 3 == (await harness.reply(redrive)).json["data"]["entity_version"]
    assert ["ShipRegistered", "ShipDocked", "CargoLoaded"] == [type_ for type_, _ in await told(harness, "ship", ship)]
    assert (await harness.snapshots("ship", ship))[-1].json["parked"] is None
    assert "accepted" == (await ask(harness, "ship", envelope("depart_ship", ship, {})))[0]


async def test_what_fails_again_goes_on_waiting(harness: Harness, rules: Rules) -> None:
    ship, failed, waits = await sunk(harness)
    redrive = await publish(harness, ship, "redrive_parked")
    assert [("rejected", "still_parked")] == await answers(harness, redrive)
    assert [("failed", "internal_error")] == await answers(harness, failed, by=redrive)
    rules.mended = True
    again = await publish(harness, ship, "redrive_parked")
    assert [("accepted", None)] * 2 == await answers(harness, failed, waits, by=again)


@pytest.mark.parametrize("count", [None, b"abc"])
async def test_a_command_that_came_with_a_count_of_its_own_can_be_redriven(
    harness: Harness, rules: Rules, count: bytes | None
) -> None:
    ship = str(uuid4())
    await publish(harness, ship, "register_ship", name="Pacific Explorer")
    value = orjson.dumps(envelope("dock_ship", ship, {"port": "Atlantis"}))
    failed = await harness.publish("ship", ship.encode(), value, headers=[("fairlead-redrives", count)])
    await harness.reply(failed)
    rules.mended = True
    redrive = await publish(harness, ship, "redrive_parked")
    assert [("accepted", None)] == await answers(harness, redrive)
    assert [("accepted", None)] == await answers(harness, failed, by=redrive)


async def test_what_is_skipped_is_left_out(harness: Harness) -> None:
    ship, failed, waits = await sunk(harness)
    redrive = await publish(harness, ship, "redrive_parked", skip=[failed.offset])
    assert [("accepted", None)] == await answers(harness, redrive)
    assert [("rejected", "not_docked")] == await answers(harness, waits, by=redrive)
    assert ["ShipRegistered"] == [type_ for type_, _ in await told(harness, "ship", ship)]


async def test_what_is_discarded_is_not_judged(harness: Harness) -> None:
    ship, _, _ = await sunk(harness)
    assert ("accepted", None, None, 1) == await ask(harness, "ship", envelope("discard_parked", ship, {}))
    for type_ in ("discard_parked", "redrive_parked"):
        assert "not_parked" == (await ask(harness, "ship", envelope(type_, ship, {})))[1]
    assert "accepted" == (await ask(harness, "ship", envelope("dock_ship", ship, {"port": "Singapore"})))[0]
