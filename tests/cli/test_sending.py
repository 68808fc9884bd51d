"""What is sent again as the line says is the same command to the same entity, whatever became of the first."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from fairlead.ship import RegisterShip, ShipRegistered
from fairlead.testing import InMemoryClient, Unanswered
from service.cli import sending
from service.cli.command_line import main
from service.cli.exits import Exit
from service.local.servers import Endpoints
from tests.cli.letters import Desk
from tests.cli.processes import begin, outcome_of

REGISTER = ("send", "register_ship", "name=Pacific Explorer")


@pytest.fixture
async def desk(servers: Endpoints, tmp_path: Path) -> AsyncIterator[Desk]:
    """Without a handler."""
    desk = await Desk.open(servers, tmp_path)
    yield desk
    await desk.close()


def advised(told: str) -> tuple[str, ...]:
    """The options that the line names."""
    found = re.search(r"\((--id \S+)\)\n$", told)
    assert found, told
    return tuple(found[1].split())


@pytest.mark.parametrize("more", [(), ("--no-wait",)])
def test_an_entity_that_was_not_named_is_the_same_when_the_command_is_sent_again(
    memory_client: InMemoryClient,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    more: tuple[str, ...],
) -> None:
    memory_client.answer(RegisterShip, Unanswered([ShipRegistered(name="Pacific Explorer")]))
    monkeypatch.setattr(sending, "open_client", lambda *_: nullcontext(memory_client))
    assert Exit.TIMED_OUT == main([*REGISTER, *more])
    again = advised(capfd.readouterr().err)
    assert Exit.DONE == main([*REGISTER, *again])
    reply = json.loads(capfd.readouterr().out)
    first, second = memory_client.sent
    assert first == second
    assert (first.entity_id, True) == (reply["subject"], reply["data"]["duplicate"])


def test_each_entity_that_is_not_named_is_another_one(
    memory_client: InMemoryClient, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    memory_client.answer(RegisterShip, [ShipRegistered(name="Pacific Explorer")])
    monkeypatch.setattr(sending, "open_client", lambda *_: nullcontext(memory_client))
    printed: list[dict[str, Any]] = []
    for _ in range(2):
        assert Exit.DONE == main([*REGISTER, "--no-wait"])
        printed.append(json.loads(capfd.readouterr().out))
    assert [one.entity_id for one in memory_client.sent] == [one["entity_id"] for one in printed]
    assert printed[0] != printed[1]


async def test_who_interrupts_is_told_how_to_send_it_again(desk: Desk) -> None:
    again: tuple[str, ...] = ()
    for count in (1, 2):
        process = await begin(desk.environment, *REGISTER, *again, "--dir", str(desk.directory))
        sent = await desk.records("commands", count)
        process.send_signal(signal.SIGINT)
        code, printed, told = await outcome_of(process)
        assert (130, None) == (code, printed)
        again = advised(told)
    first, second = sent
    assert (first.key, first.value) == (second.key, second.value)
