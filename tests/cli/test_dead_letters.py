"""What a running handler put aside is found, shown, and judged again in its order."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from service import app
from service.audit.hashing import partition_of
from service.local.servers import Endpoints
from tests.cli.letters import Desk, astray, command
from tests.running import PARTITIONS, running_handler, running_projectors

TRACE = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


@pytest.fixture
async def desk(servers: Endpoints, tmp_path: Path) -> AsyncIterator[Desk]:
    """With a handler."""
    desk = await Desk.open(servers, tmp_path)
    async with running_handler(desk.settings):
        yield desk
    await desk.close()


async def test_what_was_put_aside_is_listed_with_why_and_whence(desk: Desk) -> None:
    ship, id_ = str(uuid4()), str(uuid4())
    offset = await desk.put("commands", astray(ship), ship.encode(), command(ship, id_=id_))
    [letter] = await desk.until(1)
    told = {name: letter[name] for name in ("partition", "offset", "command_offset", "key", "code", "type")}
    assert told == {
        "partition": astray(ship),
        "offset": letter["offset"],
        "command_offset": offset,
        "key": ship,
        "code": "wrong_partition",
        "type": "register_ship",
    }
    assert (id_, 0, False) == (letter["command_id"], letter["redrives"], letter["waiting"])
    assert "murmur2" in letter["reason"]


async def test_a_filter_finds_what_it_says_and_nothing_else(desk: Desk) -> None:
    ships = [str(uuid4()) for _ in range(2)]
    for ship in ships:
        await desk.put("commands", astray(ship), ship.encode(), command(ship))
        await desk.put("commands", partition_of(ship.encode(), PARTITIONS), ship.encode(), b"no JSON")
    found = await desk.until(4)
    assert sorted([*ships, *ships]) == sorted(letter["key"] for letter in found)
    times = sorted(letter["time"] for letter in found)
    assert times == [letter["time"] for letter in found]
    for words, count in (
        (("--key", ships[0]), 2),
        (("--code", "unreadable"), 2),
        (("--key", ships[0], "--code", "unreadable"), 1),
        (("--partition", str(astray(ships[0])), "--key", ships[0]), 1),
        (("--limit", "3"), 3),
        (("--since", times[0], "--until", times[-1]), 4),
        (("--until", "2020-01-01"), 0),
        (("--since", "2100-01-01"), 0),
        (("--waiting",), 0),
    ):
        assert count == len(await desk.letters(*words)), words


async def test_one_is_shown_with_headers_and_content_whatever_it_is(desk: Desk) -> None:
    ship = str(uuid4())
    await desk.put("commands", 0, ship.encode(), command(ship, "sink_ship"), [TRACE])
    await desk.put("commands", 1, None, b"\xff\x00", [("odd", b"\xfe")])
    await desk.until(2)
    code, shown, _ = await desk.run("show", "ship", "0", "0")
    assert (0, "sink_ship", ship) == (code, shown["value"]["type"], shown["key"])
    assert shown["headers"] == [{"name": TRACE[0], "value": TRACE[1].decode()}]
    code, shown, _ = await desk.run("show", "ship", "1", "0")
    assert (0, None, "/wA=") == (code, shown["key"], shown["value_base64"])
    assert "Base64" in shown["note"]
    assert shown["headers"] == [{"name": "odd", "value_base64": "/g=="}]
    for place in (("0", "7"), ("99", "0")):
        assert (await desk.run("show", "ship", *place))[0] == 7


async def test_a_command_that_went_astray_is_sent_again_byte_for_byte_and_accepted(desk: Desk) -> None:
    ship = str(uuid4())
    value = command(ship).replace(b'"source"', b' "source"')
    await desk.put("commands", astray(ship), ship.encode(), value, [TRACE, ("odd", b"\xff")])
    await desk.until(1)
    async with running_projectors(desk.settings, "outcomes"):
        code, told, _ = await desk.run("redrive", "--code", "wrong_partition", "--yes")
    assert (0, {"accepted": 1}, []) == (code, told["commands"], told["failures"])
    [again] = [
        record
        for record in await desk.records("commands", 2)
        if record.partition == partition_of(record.key, PARTITIONS)
    ]
    assert (ship.encode(), value) == (again.key, again.value)
    assert [TRACE, ("odd", b"\xff"), ("fairlead-redrives", b"1")] == list(again.headers)


async def test_many_of_one_key_are_sent_in_the_order_in_which_they_came(desk: Desk) -> None:
    ships = [str(uuid4()) for _ in range(5)]
    asked: dict[str, list[str]] = defaultdict(list)
    for at in range(400):
        ship, id_ = ships[at % 5], str(uuid4())
        type_, data = ("register_ship", {"name": "Rio"}) if at < 5 else ("dock_ship", {"port": f"{at}"})
        # Those of one ship lie on two partitions: only time tells how they were meant.
        await desk.put("commands", astray(ship, 1 + at // 5 % 2), ship.encode(), command(ship, type_, data, id_))
        asked[ship].append(id_)
    await desk.until(400)
    async with running_projectors(desk.settings, "outcomes"):
        code, told, _ = await desk.run("redrive", "ship", "--all", "--yes")
    assert (0, {"accepted": 400}) == (code, told["commands"])
    decided: dict[str, list[str]] = defaultdict(list)
    for event in await desk.records("events", 400):
        decided[event.key.decode()].append(json.loads(event.value)["causationid"])
    assert asked == decided


async def test_what_fails_again_is_told_and_left_out_after_three_times(desk: Desk) -> None:
    ship = str(uuid4())
    await desk.put("commands", partition_of(ship.encode(), PARTITIONS), ship.encode(), command(ship, data={}))
    async with running_projectors(desk.settings, "outcomes"):
        for redrives in range(3):
            found = await desk.until(redrives + 1)
            assert redrives == max(letter["redrives"] for letter in found)
            code, told, _ = await desk.run("redrive", "--key", ship, "--yes")
            # Of one content only the newest goes: else each time there would be twice as many.
            assert (1, {"invalid": 1}) == (code, told["commands"])
            assert "name" in told["failures"][0]["message"]
        await desk.until(4)
        code, told, said = await desk.run("redrive", "--key", ship, "--yes")
    [looping] = told["left_out"]["looping"]
    assert (0, {}) == (code, told["commands"])
    assert f"ship {looping['partition']}/{looping['offset']}" in said
    assert (1, {"invalid": 1}) == (await _again(desk, ship))


async def _again(desk: Desk, ship: str) -> tuple[int, dict[str, int]]:
    code, told, _ = await desk.run("redrive", "--key", ship, "--yes", "--again")
    return code, told["commands"]


async def test_what_has_been_judged_since_is_not_sent_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ship, id_ = str(uuid4()), str(uuid4())
    await desk.put("commands", astray(ship), ship.encode(), command(ship, id_=id_))
    await desk.until(1)
    assert 0 == (await desk.run("redrive", "--all", "--yes", "--again"))[0]
    # The window of repeats forgets in time, the log of outcomes does not; but what it has not read it does not know.
    monkeypatch.setattr("service.app._LEVEL_SECONDS", 0.2)
    with pytest.raises(TimeoutError, match="outcomes has not come level"):
        await app.settled_commands(desk.settings, "ship", [(id_, None)])
    async with running_projectors(desk.settings, "outcomes"):
        code, told, _ = await desk.run("redrive", "--all", "--yes")
    assert (0, {}, 1) == (code, told["commands"], len(told["left_out"]["settled"]))
    assert 2 == len(await desk.records("commands", 2))


async def test_what_no_broker_takes_again_is_told_and_stops_no_other(desk: Desk) -> None:
    ship = str(uuid4())
    place = partition_of(ship.encode(), PARTITIONS)
    await desk.put("commands", place, ship.encode(), b"before")
    for size in range(256 * 1024, 0, -1):
        try:
            await desk.put("commands", place, ship.encode(), b"x" * size)
        except MessageSizeTooLargeError:
            continue
        break
    await desk.put("commands", place, ship.encode(), b"after")
    await desk.until(3)
    async with running_projectors(desk.settings, "outcomes"):
        code, told, _ = await desk.run("redrive", "--key", ship, "--yes")
    assert (1, {"refused": 1, "invalid": 2}) == (code, told["commands"])
    assert [b"before", b"after"] == [record.value for record in (await desk.records("commands", 5))[3:]]
