"""A file of an export is whole or the old one, and nobody can read it who could not read that."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from select import select
from typing import Any

import pytest

from service import app
from service.cli.command_line import main
from service.cli.exits import Exit
from service.cli.exporting import replaced
from service.local.child import until
from service.projections.answers import Incomplete

# Exports without end, and says when it opens the file.
_ENDLESS = """
import asyncio, os, sys
from datetime import UTC, datetime
from uuid import uuid4
from service import app
from service.cli.command_line import main

async def events(*_):
    event = {"type": "ShipRegistered", "entity_id": "a", "data": {"name": "A"}, "time": datetime.now(UTC)}
    while True:
        await asyncio.sleep(0)
        yield event | {"event_id": uuid4()}

app.export_events = events
opened = "open", sys.argv[1]
sys.addaudithook(lambda name, given: os.write(1, b"opening\\n") if (name, *map(str, given[:1])) == opened else None)
sys.exit(main(["export", "ship", sys.argv[1]]))
"""


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """One that lets everybody read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize("protection", [0o600, 0o640, 0o666])
def test_a_file_that_replaces_another_has_its_protection(tmp_path: Path, protection: int) -> None:
    file = tmp_path / "users.json"
    file.write_text("old")
    file.chmod(protection)
    with replaced(file) as target:
        target.write(b"new")
        [part] = set(tmp_path.iterdir()) - {file}
        assert 0o600 == mode(part)
    assert ("new", protection) == (file.read_text(), mode(file))


def test_a_new_file_is_as_the_umask_says(tmp_path: Path) -> None:
    for umask, expected in ((0o022, 0o644), (0o077, 0o600)):
        os.umask(umask)
        file = tmp_path / f"{umask}.json"
        with replaced(file) as target:
            target.write(b"new")
        assert expected == mode(file)


def test_a_group_that_could_not_read_the_old_file_cannot_read_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    file = tmp_path / "users.json"
    file.write_text("old")
    file.chmod(0o640)
    was = file.stat()
    others = os.stat_result([*was[:5], was.st_gid + 1, *was[6:]])
    monkeypatch.setattr(os, "fchown", refuse)
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda path, **how: others if path == file else real(path, **how))
    with replaced(file) as target:
        target.write(b"new")
    monkeypatch.undo()
    assert ("new", 0o600) == (file.read_text(), mode(file))


@pytest.fixture
def of_one_ship(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one event to be exported."""

    async def events(*_: object) -> AsyncIterator[Any]:
        event = {"event_id": "e", "type": "ShipRegistered", "entity_id": "a", "data": {"name": "São"}}
        yield event | {"time": datetime(2026, 1, 1, tzinfo=UTC)}

    monkeypatch.setattr(app, "export_events", events)


@pytest.mark.usefixtures("of_one_ship")
def test_an_export_to_stdout_is_all_that_stands_there(capfd: pytest.CaptureFixture[str]) -> None:
    os.write(1, b"before\n")
    assert Exit.DONE == main(["export", "ship", "/dev/stdout"])
    printed, told = capfd.readouterr()
    before, _, exported = printed.partition("\n")
    assert ("before", ["e"]) == (before, [row["event_id"] for row in json.loads(exported)])
    assert "Events: 1\n" == told


@pytest.mark.usefixtures("of_one_ship")
def test_an_export_to_a_file_whose_name_is_no_utf_8_is_done(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / os.fsdecode(b"\xff.json")
    assert Exit.DONE == main(["export", "ship", str(file)])
    assert {"file": f"{tmp_path}/\\xff.json", "events": 1} == json.loads(capfd.readouterr().out)
    assert ["e"] == [row["event_id"] for row in json.loads(file.read_bytes())]


def test_an_export_that_is_refused_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def refused(*_: object) -> AsyncIterator[Any]:
        event = {"event_id": "e", "type": "ShipRegistered", "entity_id": "a", "data": {"name": "A"}}
        yield event | {"time": datetime.now(UTC)}
        raise Incomplete("The journal lacks some: redrive it")

    file = tmp_path / "ships.json"
    file.write_text("old")
    monkeypatch.setattr(app, "export_events", refused)
    assert Exit.FAILED == main(["export", "ship", str(file)])
    assert "fairlead: The journal lacks some: redrive it\n" == capfd.readouterr().err
    assert [file] == list(tmp_path.iterdir())
    assert "old" == file.read_text()


@pytest.mark.parametrize("name", ["pipe.jsonl", "pipe.jsonl.gz", "/dev/stdout"])
async def test_a_signal_ends_an_export_to_a_pipe_that_nobody_reads(tmp_path: Path, name: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with os.fdopen(os.open(pipe, os.O_RDWR), "rb", buffering=0) as unread:
        if name != "/dev/stdout":
            pipe = pipe.rename(tmp_path / name)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _ENDLESS, str(tmp_path / name)),
            stdout=unread if name == "/dev/stdout" else PIPE,
        )

        def is_full() -> bool:
            return not select([], [unread], [], 0)[1]

        assert await until(is_full, 30)
        await _ends(process)


async def test_a_signal_ends_an_export_to_a_pipe_that_nobody_opens(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _ENDLESS, str(tmp_path / "pipe")), stdout=PIPE
    )
    assert process.stdout
    async with asyncio.timeout(30):
        assert b"opening\n" == await process.stdout.readline()
    await _ends(process)


async def _ends(process: Process) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(10):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
