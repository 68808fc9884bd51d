"""What no handler answers, or takes yet, goes on where it is called again, and says so."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from fairlead.ship import COMMANDS, ShipRegistered
from fairlead.testing import Busy, InMemoryClient, Unanswered
from service.cli import history_send, importing
from service.cli.command_line import main
from service.cli.exits import Exit

SHIP = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"


@pytest.fixture
def client(memory_client: InMemoryClient, monkeypatch: pytest.MonkeyPatch) -> InMemoryClient:
    """What imports are sent with."""
    monkeypatch.setattr(importing, "open_client", lambda *_: nullcontext(memory_client))
    return memory_client


@pytest.fixture
def line(tmp_path: Path) -> list[str]:
    """That imports one event."""
    row = {"timestamp": "2024-03-01", "event_type": "ShipRegistered", "entity_id": SHIP, "data": {"name": "Old"}}
    file = tmp_path / "old.json"
    file.write_text(json.dumps([{"event_id": "0b9c7e0e-6f0b-4c57-9d6b-0d3a3a5c1c11", **row}]))
    return ["import", "ship", str(file)]


def test_an_import_that_nobody_answers_says_that_the_same_command_goes_on(
    client: InMemoryClient, line: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    client.answer(COMMANDS["import_history"], Unanswered([ShipRegistered(name="Old")]))
    assert Exit.TIMED_OUT == main(line)
    told = capfd.readouterr().err
    assert ("the same command goes on" in told, "--id" in told) == (True, False)
    assert Exit.DONE == main(line)
    assert 1 == json.loads(capfd.readouterr().out)["already_there"]


def test_an_import_waits_where_the_service_is_busy_and_says_so_once(
    client: InMemoryClient, line: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    client.answer(COMMANDS["import_history"], Busy(1), Busy(1), [ShipRegistered(name="Old")])
    assert Exit.DONE == main(line)
    printed, told = capfd.readouterr()
    assert (1, 1) == (json.loads(printed)["imported"], told.count("busy"))


def test_an_import_does_not_wait_for_ever_where_the_service_is_busy(
    client: InMemoryClient, line: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(history_send, "_BUSY_SECONDS", 0.0)
    client.answer(COMMANDS["import_history"], Busy(1), [ShipRegistered(name="Old")])
    assert Exit.BUSY == main(line)
    assert "the same command goes on" in capfd.readouterr().err
    assert Exit.DONE == main(line)
