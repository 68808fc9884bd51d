"""Where no handler answers: what is asked before anything is sent, what is sent, and what is said of it."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from service.audit.hashing import partition_of
from service.local.servers import Endpoints
from tests.cli.letters import Desk, command
from tests.running import PARTITIONS


@pytest.fixture
async def desk(servers: Endpoints, tmp_path: Path) -> AsyncIterator[Desk]:
    """Without a handler."""
    desk = await Desk.open(servers, tmp_path)
    yield desk
    await desk.close()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("redrive", 2, "--all"),
        ("redrive ship --yes", 2, "--all"),
        ("discard --yes", 2, "--all"),
        ("redrive --all", 2, "--yes"),
        ("discard --waiting", 2, "--yes"),
        ("redrive --all --code x --yes", 2, "exclude"),
        ("redrive --all --yes", 7, "No dead letter"),
        ("redrive --all --dry-run", 7, "No dead letter"),
        ("discard --key x --yes", 7, "No dead letter"),
        ("list --since noon", 2, "--since"),
        ("list --since 2026-01-02 --until 2026-01-01", 2, "--since"),
        ("list boat", 2, "ship, user"),
        ("show boat 1 1", 2, "ship, user"),
    ],
)
async def test_what_is_unclear_is_refused_in_one_line(desk: Desk, words: str, code: int, told: str) -> None:
    ended, _, said = await desk.run(*words.split())
    assert (code, 1) == (ended, said.count("\n"))
    assert told in said


async def test_a_dry_run_does_nothing(desk: Desk) -> None:
    ship = str(uuid4())
    await desk.put_letter(ship, 3, code="unreadable")
    code, plan, _ = await desk.run("redrive", "--all", "--dry-run")
    assert (0, 1) == (code, len(plan["commands"]))
    # Whatever it would have sent would stand before this one.
    at = partition_of(ship.encode(), PARTITIONS)
    assert 0 == await desk.put("commands", at, ship.encode(), b"first")


async def test_who_is_parked_and_what_waits_is_told(desk: Desk) -> None:
    parked, free, other = (str(uuid4()) for _ in range(3))
    await desk.park(free, 1)
    await desk.park(free, None)
    await desk.park(parked, 5)
    await desk.put_letter(parked, 3, code="internal_error")
    await desk.put_letter(parked, 5, code="internal_error", value=command(parked))
    await desk.put_letter(parked, 6, code="invalid_command")
    await desk.put_letter(parked, 7)
    last = await desk.put_letter(parked, 5, code="internal_error", redrives=1)
    await desk.put_letter(free, 1)
    await desk.put_letter(other, 1)
    waiting = await desk.letters("--waiting")
    assert sorted([(7, 0), (5, 1)]) == sorted((letter["command_offset"], letter["redrives"]) for letter in waiting)
    assert last in [letter["offset"] for letter in waiting]
    assert len(await desk.letters()) == 7


async def test_of_one_content_the_first_goes_unless_it_was_sent_again_or_waits(desk: Desk) -> None:
    ship = str(uuid4())
    content = command(ship)

    async def going() -> list[tuple[int, int]]:
        found = await desk.letters()
        return [(one["command_offset"], one["offset"]) for one in found if not one["superseded"]]

    for offset in (1, 3, 1):
        last = await desk.put_letter(ship, offset, value=content)
    # Of one command it is the last letter.
    assert [(1, last)] == await going()
    last = await desk.put_letter(ship, 5, redrives=1, value=content)
    assert [(5, last)] == await going()
    await desk.park(ship, 7)
    last = await desk.put_letter(ship, 7, value=content)
    assert [(7, last)] == await going()


async def test_of_one_content_only_what_is_wanted_stands_for_it(desk: Desk) -> None:
    ship = str(uuid4())
    content = command(ship)
    await desk.put_letter(ship, 1, code="internal_error", value=content)
    last = await desk.put_letter(ship, 3, value=content)
    [found] = await desk.letters("--code", "parked")
    assert (last, False) == (found["offset"], found["superseded"])


async def test_what_is_shown_of_one_is_what_is_listed(desk: Desk) -> None:
    ship = str(uuid4())
    content = command(ship)
    for redrives in range(2):
        await desk.put_letter(ship, redrives, redrives=redrives, value=content)
    for listed in await desk.letters():
        _, shown, _ = await desk.run("show", "ship", str(listed["partition"]), str(listed["offset"]))
        assert listed == {name: shown[name] for name in listed}


async def test_what_is_redriven_is_counted_by_all_letters_of_its_content(desk: Desk) -> None:
    ship = str(uuid4())
    content = command(ship)
    await desk.put_letter(ship, 1, code="unreadable", value=content)
    await desk.put_letter(ship, 2, redrives=2, value=content)
    words = ("redrive", "--code", "unreadable", "--yes", "--timeout", "1")
    code, told, _ = await desk.run(*words)
    assert (5, {"no answer": 1}) == (code, told["commands"])
    [again] = await desk.records("commands", 1)
    assert ("fairlead-redrives", b"3") in again.headers
    await desk.put_letter(ship, 3, redrives=3, value=content)
    code, told, _ = await desk.run(*words)
    assert (0, {}, 1) == (code, told["commands"], len(told["left_out"]["looping"]))


async def test_a_parked_entity_is_redriven_as_a_whole_by_its_owner(desk: Desk) -> None:
    ship = str(uuid4())
    await desk.park(ship, 5)
    await desk.put_letter(ship, 5, code="internal_error")
    for offset in (6, 8):
        await desk.put_letter(ship, offset)
    words = ("redrive", "--code", "internal_error", "--skip", "8", "--yes", "--timeout", "1")
    code, told, said = await desk.run(*words)
    assert (5, {"no answer": 1}, {}) == (code, told["parked"], told["commands"])
    assert "1 of them is beyond the filter" in said
    [control] = await desk.records("commands", 1)
    sent = json.loads(control.value)
    assert (ship, "redrive_parked", {"skip": [8]}) == (sent["subject"], sent["type"], sent["data"])


async def test_discarding_asks_the_owner_and_says_what_just_rests(desk: Desk) -> None:
    ship = str(uuid4())
    await desk.park(ship, 5)
    await desk.put_letter(ship, 5, code="internal_error")
    await desk.put_letter(ship, 6, code="unreadable")
    code, told, said = await desk.run("discard", "--key", ship, "--yes", "--timeout", "1")
    assert (5, {"no answer": 1}) == (code, told["parked"])
    assert "rest until retention" in said
    [control] = await desk.records("commands", 1)
    assert ("discard_parked", {}) == tuple(json.loads(control.value)[name] for name in ("type", "data"))
    ended, told, said = await desk.run("discard", "--code", "unreadable", "--yes")
    assert (0, {}) == (ended, told["parked"])
    assert "rest until retention" in said


async def test_a_parked_entity_whose_dead_letters_retention_took_is_named_and_can_be_discarded(desk: Desk) -> None:
    ship, other = str(uuid4()), str(uuid4())
    await desk.park(ship, 5)
    await desk.put_letter(ship, 4, code="internal_error")  # of before
    await desk.put_letter(other, 1, code="unreadable")
    _, _, said = await desk.run("list", "ship", "--key", ship)
    assert f"`fairlead dead-letters discard ship --key {ship}`" in " ".join(said.split())
    _, _, said = await desk.run("list", "--key", other)
    assert "" == said
    code, plan, said = await desk.run("redrive", "--all", "--again", "--dry-run")
    assert (0, [], 2) == (code, plan["parked"], len(plan["commands"]))
    assert f"`fairlead dead-letters discard ship --key {ship}`" in " ".join(said.split())
    code, told, said = await desk.run("discard", "--key", ship, "--yes", "--timeout", "1")
    assert (5, {"no answer": 1}) == (code, told["parked"])
    assert "1 of them has no dead letter left" in said
    [control] = await desk.records("commands", 1)
    assert (ship, "discard_parked") == tuple(json.loads(control.value)[name] for name in ("subject", "type"))


async def test_where_nobody_can_tell_what_was_judged_since_nothing_is_sent(desk: Desk) -> None:
    ship = str(uuid4())
    await desk.put_letter(ship, 1, code="wrong_partition")
    code, printed, said = await desk.run("redrive", "--all", "--yes", "--database-url", "postgresql://127.0.0.1:1/x")
    assert (6, None) == (code, printed)
    assert "PostgreSQL" in said
    assert 0 == await desk.put("commands", partition_of(ship.encode(), PARTITIONS), ship.encode(), b"first")


async def test_a_record_that_is_no_dead_letter_stops_nothing(desk: Desk) -> None:
    await desk.put("dead-letters", 0, b"\xff", b"\xff", [("fairlead-offset", b"\xff"), ("fairlead-redrives", b"many")])
    [letter] = await desk.letters()
    assert ("unknown", 0, "\\xff") == (letter["code"], letter["redrives"], letter["key"])


async def test_an_interruption_tells_what_was_sent(desk: Desk) -> None:
    ship = str(uuid4())
    for offset in range(3):
        await desk.put_letter(ship, offset, code="unreadable", value=b"%d" % offset)
    process = await desk.begin("redrive", "--all", "--yes")
    sent = await desk.records("commands", 3)
    process.send_signal(signal.SIGINT)
    _, said = await process.communicate()
    assert [b"0", b"1", b"2"] == [record.value for record in sent]
    assert (130, True) == (process.returncode, b"3 of 3 commands were sent again" in said)


@pytest.mark.parametrize(("answer", "code", "sent"), [(b"n\n", 1, 0), (b"y\n", 5, 1)])
async def test_a_person_is_asked_first(desk: Desk, answer: bytes, code: int, sent: int) -> None:
    ship = str(uuid4())
    await desk.put_letter(ship, 1, code="unreadable")
    ours, theirs = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service", *desk.line("redrive", "--all", "--timeout", "1")),
            env=desk.environment | {"TERM": "xterm"},
            stdin=theirs,
            stdout=PIPE,
            stderr=theirs,
        )
        said = await _until(ours, b"Go on?")
        assert b"Send 1 command again" in said
        os.write(ours, answer)
        reading = asyncio.create_task(asyncio.to_thread(_drain, ours))
        await process.communicate()
        assert code == process.returncode
    finally:
        os.close(theirs)
    await reading
    os.close(ours)
    at = partition_of(ship.encode(), PARTITIONS)
    assert sent == await desk.put("commands", at, ship.encode(), b"next")


async def _until(terminal: int, text: bytes) -> bytes:
    said = b""
    while text not in said:
        said += await asyncio.to_thread(os.read, terminal, 1000)
    return said


def _drain(terminal: int) -> Any:
    try:
        while os.read(terminal, 1000):
            pass
    except OSError:
        return
