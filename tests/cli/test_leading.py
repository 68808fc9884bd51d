"""`fairlead send` without arguments leads a person through a command; a program is told what to do instead."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from service.local.servers import Endpoints
from tests.cli.processes import begin, outcome_of, tell_of
from tests.running import apply_topics, running_handler, settings_for

PREFIX = "leading."
SHIP = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"
Talk = Callable[..., Coroutine[Any, Any, tuple[int, str]]]


@pytest.fixture
def talk(servers: Endpoints, tmp_path: Path) -> Talk:
    """Run `fairlead send` on a terminal, and answer each question once asked; its exit code, and all it showed."""
    tell_of(tmp_path, servers)

    async def run(*answers: tuple[str, str]) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service", "send", "--dir", str(tmp_path)),
            env={**os.environ, "FAIRLEAD_PREFIX": PREFIX, "TERM": "dumb", "COLUMNS": "200"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        told = ""
        for question, answer in answers:
            told += await asyncio.to_thread(_read_until, ours, question)
            os.write(ours, f"{answer}\n".encode())
        told += await asyncio.to_thread(_read_until, ours, None)
        os.close(ours)
        return await process.wait(), told

    return run


def _read_until(terminal: int, text: str | None) -> str:
    """What is shown up to a text, or up to the end."""
    told = b""
    while text is None or not told.decode(errors="ignore").rstrip().endswith(text):
        try:
            read = os.read(terminal, 4_096)
        except OSError:  # of a terminal that nobody has open any more
            read = b""
        if not read:
            assert text is None, told.decode()
            break
        told += read
    return told.decode(errors="replace")


async def test_answers_become_a_command_that_is_sent(talk: Talk, servers: Endpoints) -> None:
    settings = settings_for(servers, PREFIX)
    await apply_topics(settings)
    async with running_handler(settings):
        registered, _ = await talk(
            ("number?", "register_ship"), ("(a new one)", SHIP), ("Pacific Explorer:", "Old Lady"), ("(yes)", "")
        )
        docked, told = await talk(
            ("number?", "sink_ship"),
            ("number?", "2"),
            ("Id of the ship?", "nonsense"),
            ("Id of the ship?", SHIP),
            ("Singapore:", ""),
            ("Singapore:", "Port of Rio"),
            ("(yes)", "yes"),
        )
    assert (0, 0) == (registered, docked)
    assert "'sink_ship' is none of these" in told
    assert "String should match pattern" in told
    assert "String should have at least 1 character" in told
    assert f"fairlead send dock_ship {SHIP} 'port=Port of Rio'" in told
    assert "accepted" in told
    assert "2 ShipDocked" in told


async def test_a_number_is_asked_for_until_it_is_one(talk: Talk) -> None:
    code, told = await talk(
        ("number?", "load_cargo"),
        ("Id of the ship?", SHIP),
        ("electronics:", "tea"),
        ("500:", "many"),
        ("500:", "0"),
        ("500:", "7"),
        ("(yes)", "no"),
    )
    assert code == 130
    assert "Input should be a valid integer" in told
    assert "greater than or equal to 1" in told
    assert "Nothing was sent" in told


async def test_the_end_of_what_is_typed_sends_nothing(talk: Talk) -> None:
    code, told = await talk(("number?", "depart_ship"), ("Id of the ship?", "\x04"))
    assert code == 130
    assert "Nothing was sent" in told


async def test_a_program_is_told_in_a_line_what_to_do(servers: Endpoints, tmp_path: Path) -> None:
    tell_of(tmp_path, servers)
    code, printed, told = await outcome_of(await begin({}, "send", "--dir", str(tmp_path)))
    assert (2, None, 1) == (code, printed, told.count("\n"))
    assert "fairlead send --help" in told
