"""A ship whose command failed is parked, and the command line has its owner work off what waits, or gives it up."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from fairlead.client import Client
from fairlead.envelope import Outcome
from service.audit.hashing import partition_of
from service.commands import parked
from service.domain import AGGREGATES
from service.kafka.connection import connection
from service.local.servers import Endpoints
from tests.cli.letters import Desk
from tests.running import PARTITIONS, running_handler, running_projectors


@dataclass(frozen=True, slots=True)
class Harbour:
    """A running handler whose code fails on every item that is cursed, a client, and the command line."""

    desk: Desk
    client: Client
    cursed: set[str]
    ship: str

    async def ask(self, type_: str, **data: Any) -> Outcome:
        return (await self.client.send_raw("ship", type_, self.ship, data)).data

    async def load(self, item: str) -> str | None:
        return (await self.ask("load_cargo", item=item, quantity=1)).code

    async def park(self) -> None:
        """Three commands wait: one that failed, and two behind it."""
        await self.ask("register_ship", name="Pacific Explorer")
        await self.ask("dock_ship", port="Rio")
        self.cursed.add("gold")
        assert ["internal_error", "parked", "parked"] == [await self.load(item) for item in ("gold", "rice", "tea")]

    async def loaded(self) -> list[str]:
        """The items of all cargo ever loaded, once a last command is decided."""
        count = (await self.ask("dock_ship", port="Rio")).entity_version or 0
        events = [json.loads(record.value) for record in await self.desk.records("events", count)]
        return [event["data"]["item"] for event in events if event["type"] == "CargoLoaded"]


@pytest.fixture
async def harbour(servers: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Harbour]:
    cursed: set[str] = set()
    honest = AGGREGATES["ship"]

    def decide(command: Any, state: Any, entity_id: str) -> Any:
        if getattr(command, "item", None) in cursed:
            raise ZeroDivisionError("a fault of ours")
        return honest.decide(command, state, entity_id)

    monkeypatch.setitem(AGGREGATES, "ship", replace(honest, decide=decide))
    desk = await Desk.open(servers, tmp_path)
    client = Client(prefix=desk.settings.prefix, **connection(desk.settings))
    async with running_handler(desk.settings), client:
        yield Harbour(desk, client, cursed, str(uuid4()))
    await desk.close()


async def test_what_waits_is_listed_in_its_order(harbour: Harbour) -> None:
    await harbour.park()
    waiting = await harbour.desk.letters("--waiting")
    assert ["internal_error", "parked", "parked"] == [letter["code"] for letter in waiting]
    code, shown, _ = await harbour.desk.run(
        "show", "ship", *(str(waiting[0][name]) for name in ("partition", "offset"))
    )
    assert (0, True) == (code, shown["waiting"])
    assert "ZeroDivisionError: a fault of ours" in shown["traceback"]


async def test_once_the_fault_is_mended_all_are_judged_in_their_order(harbour: Harbour) -> None:
    await harbour.park()
    harbour.cursed.clear()
    # The filter means one of them, but they go together.
    code, told, said = await harbour.desk.run("redrive", "--code", "internal_error", "--yes")
    assert (0, {"accepted": 1}, []) == (code, told["parked"], told["failures"])
    assert "2 of them are beyond the filter" in said
    assert [] == await harbour.desk.letters("--waiting")
    assert ["gold", "rice", "tea"] == await harbour.loaded()


async def test_what_is_skipped_is_not_judged(harbour: Harbour) -> None:
    await harbour.park()
    first = (await harbour.desk.letters("--waiting"))[0]
    words = ("redrive", "--waiting", "--skip", str(first["command_offset"]), "--yes")
    assert (0, {"accepted": 1}) == _end(await harbour.desk.run(*words))
    assert ["rice", "tea"] == await harbour.loaded()


async def test_what_fails_again_waits_again(harbour: Harbour) -> None:
    await harbour.park()
    code, told, _ = await harbour.desk.run("redrive", "--key", harbour.ship, "--yes")
    assert (1, {"rejected": 1}, "still_parked") == (code, told["parked"], told["failures"][0]["code"])
    waiting = await harbour.desk.letters("--waiting")
    assert [("internal_error", 1), ("parked", 0), ("parked", 0)] == [(one["code"], one["redrives"]) for one in waiting]
    assert sorted(one["command_offset"] for one in waiting) == [one["command_offset"] for one in waiting]
    assert "parked" == await harbour.load("silk")


async def test_what_is_given_up_is_never_judged(harbour: Harbour) -> None:
    await harbour.park()
    assert (0, {"accepted": 1}) == _end(await harbour.desk.run("discard", "--key", harbour.ship, "--yes"))
    assert [] == await harbour.desk.letters("--waiting")
    assert await harbour.load("silk") is None
    assert ["silk"] == await harbour.loaded()


async def test_more_than_one_redrive_takes_is_discarded_and_sent_again_in_order(
    harbour: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parked, "MAX_WAITING", 3)
    await harbour.park()
    # A repeat has no place in the order: the first of its content has it.
    again = json.loads((await harbour.desk.records("dead-letters", 3))[0].value)
    await harbour.client.send_raw("ship", "load_cargo", harbour.ship, again["data"], command_id=again["id"])
    harbour.cursed.clear()
    code, told, said = await harbour.desk.run("redrive", "--key", harbour.ship, "--yes")
    assert (1, {"rejected": 1}, "too_many_waiting") == (code, told["parked"], told["failures"][0]["code"])
    assert f"`fairlead dead-letters discard ship --key {harbour.ship}`" in " ".join(said.split())
    assert 4 == len(await harbour.desk.letters("--waiting"))
    beside = next(one for one in iter(lambda: str(uuid4()), "") if place_of(one) == place_of(harbour.ship))
    assert "accepted" == (await harbour.client.send_raw("ship", "register_ship", beside, {"name": "A"})).data.status
    assert (0, {"accepted": 1}) == _end(await harbour.desk.run("discard", "ship", "--key", harbour.ship, "--yes"))
    async with running_projectors(harbour.desk.settings, "outcomes"):
        code, told, _ = await harbour.desk.run("redrive", "ship", "--key", harbour.ship, "--yes")
    assert (0, {"accepted": 3}, 1) == (code, told["commands"], len(told["left_out"]["superseded"]))
    assert ["gold", "rice", "tea"] == await harbour.loaded()


def place_of(ship: str) -> int:
    return partition_of(ship.encode(), PARTITIONS)


def _end(ended: tuple[int, Any, str]) -> tuple[int, dict[str, int]]:
    return ended[0], ended[1]["parked"]
