"""What no handler answers goes on where it is called again, and says so."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from fairlead.ship import COMMANDS, ShipRegistered
from fairlead.testing import InMemoryClient, Unanswered
from service.cli import importing
from service.cli.command_line import main
from service.cli.exits import Exit

SHIP = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"


def test_an_import_that_nobody_answers_says_that_the_same_command_goes_on(
    tmp_path: Path,
    memory_client: InMemoryClient,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    row = {"timestamp": "2024-03-01", "event_type": "ShipRegistered", "entity_id": SHIP, "data": {"name": "Old"}}
    file = tmp_path / "old.json"
    file.write_text(json.dumps([{"event_id": "0b9c7e0e-6f0b-4c57-9d6b-0d3a3a5c1c11", **row}]))
    memory_client.answer(COMMANDS["import_history"], Unanswered([ShipRegistered(name="Old")]))
    monkeypatch.setattr(importing, "open_client", lambda *_: nullcontext(memory_client))
    line = ["import", "ship", str(file)]
    assert Exit.TIMED_OUT == main(line)
    told = capfd.readouterr().err
    assert ("the same command goes on" in told, "--id" in told) == (True, False)
    assert Exit.DONE == main(line)
    assert 1 == json.loads(capfd.readouterr().out)["already_there"]
