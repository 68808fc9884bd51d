"""What each worker of `fairlead handle --workers` is started with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service.cli.options import Given
from service.cli.supervisor import Program
from service.cli.workers import program
from service.settings import Settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("FAIRLEAD_"):
            monkeypatch.delenv(name)


def started(folder: Path, given: Given | None = None) -> Program:
    return program(given or Given(), Settings(), ["ship"], 2, folder)


def test_a_worker_has_a_name_a_port_and_a_ready_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRLEAD_READY_FILE", "all-ready")
    monkeypatch.setenv("FAIRLEAD_HEALTH_PORT", "9000")
    monkeypatch.setenv("fairlead_instance_id", "h")  # settings are read in either case
    monkeypatch.setenv("FAIRLEAD_PREFIX", "p.")
    worker = started(tmp_path)

    told = {name: value for name, value in worker.environment.items() if name.upper().startswith("FAIRLEAD_")}
    assert told == {
        "FAIRLEAD_READY_FILE": str(worker.ready_file),
        "FAIRLEAD_HEALTH_PORT": "9002",
        "FAIRLEAD_INSTANCE_ID": "h-2",
        "FAIRLEAD_PREFIX": "p.",
    }


def test_a_port_that_the_system_chooses_is_chosen_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_HEALTH_PORT", "0")
    assert "0" == started(tmp_path).environment["FAIRLEAD_HEALTH_PORT"]


def test_what_was_said_on_the_line_is_passed_on(tmp_path: Path) -> None:
    said = Given("broker:9092", "postgresql://somewhere/x", directory=Path("stack"), debug=True)
    line = started(tmp_path, said).line

    expected = ["--bootstrap-servers=broker:9092", "--database-url=postgresql://somewhere/x", "--dir=stack", "--debug"]
    assert ["handle", "ship", "--worker=2", *expected] == list(line[line.index("handle") :])
