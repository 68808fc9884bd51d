"""Every end has its code, and every fault is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from httpx import ConnectError, ReadTimeout, Request

from fairlead.client import NoReply, TooLarge, TopicsMissing, Unreachable
from service.cli.command_line import main
from service.cli.exits import OF_STATUS, Exit
from service.cli.faults import explain
from service.kafka.unsafe import PartitionUnsafe
from service.projections.store import StoreUnavailable
from service.rebuilding.missing import NotThere

BUILDS = ("list", "rebuild", "diff", "switch", "rollback", "drop", "accept", "redrive")
MORE = [
    *(f"dead-letters {name}" for name in ("list", "show", "redrive", "discard")),
    *(f"projections {name}" for name in BUILDS),
    "settings",
]
_REQUEST = Request("GET", "http://127.0.0.1:1/ships/x")


def test_every_status_of_a_reply_has_its_code() -> None:
    expected = {"accepted": 0, "rejected": 3, "conflict": 3, "invalid": 4, "busy": 8, "failed": 1}
    assert expected == OF_STATUS


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("nonsense", 2, "No such command"),
        ("send", 2, "fairlead send --help"),
        ("send dock_ship", 2, "Which entity?"),
        ("send fly_ship x", 4, "Unknown command: fly_ship"),
        ("send dock_ship x port=y --aggregate boat", 2, "choose from ship, user"),
        ("send dock_ship x port=y --timeout soon", 2, "--timeout"),
        ("show boat x", 2, "choose from ship, user"),
        ("show ship x --at 2024-01-01 --version 1", 2, "give one"),
        ("show ship x --at noon", 2, "2026-11-24T18:20:00Z"),
        ("replay ship x --format notebook", 2, "for users"),
        ("replay ship x --format odd", 2, "plain or notebook"),
        ("handle boat", 2, "choose from ship, user"),
        ("handle --workers 0", 2, "--workers"),
        ("handle --workers many", 2, "--workers"),
        ("project tides", 2, "choose from ships"),
        ("projections rebuild tides", 2, "choose from ships"),
        ("projections rebuild ships --rate 0", 2, "--rate"),
        ("projections switch ships --keep soon", 2, "30m, 12h or 7d"),
        ("projections diff", 2, "fairlead projections diff --help"),
        ("erase user 7 --output nowhere/certificate.json", 2, "nowhere is no directory"),
        ("import ship nowhere.json", 1, "nowhere.json: No such file"),
        ("show ship x --api-url http://127.0.0.1:1", 6, "fairlead up"),
        ("show ship x --api-url nonsense", 2, "--api-url must be"),
        ("send dock_ship x port=y --bootstrap-servers 127.0.0.1:1", 6, "fairlead up"),
        ("topics check --bootstrap-servers 127.0.0.1:1", 6, "fairlead up"),
    ],
)
def test_a_fault_is_one_line_and_a_code(line: str, code: int, told: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert code == main(line.split())
    error = capfd.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert error.startswith("fairlead: ")


@pytest.mark.parametrize("line", ["replay ship x --until", "show ship x --at", "ships --at", "statement x --until"])
def test_a_time_that_is_empty_is_none_and_nothing_is_asked(line: str, capfd: pytest.CaptureFixture[str]) -> None:
    # Who asked would end with another code: no API is there.
    assert main([*line.split(), "", "--api-url", "http://127.0.0.1:1"]) == Exit.USAGE
    assert "'' is no time" in capfd.readouterr().err


def test_a_directory_without_a_stack_is_no_server(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "ship", "x", "--dir", str(tmp_path)]) == Exit.NO_SERVER
    assert "`fairlead up --dir" in capfd.readouterr().err


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FAIRLEAD_API_PORT", "many")
    assert main(["show", "ship", "x"]) == Exit.USAGE
    assert "FAIRLEAD_API_PORT" in capfd.readouterr().err


def test_ports_of_workers_that_go_beyond_the_last_one_are_refused(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAIRLEAD_HEALTH_PORT", "65534")
    assert main(["handle", "--workers", "3"]) == Exit.USAGE
    told = capfd.readouterr().err
    assert "FAIRLEAD_HEALTH_PORT" in told
    assert "65533 or less" in told


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoReply("c", 1), Exit.TIMED_OUT),
        (TooLarge("big"), Exit.INVALID),
        (TopicsMissing("none"), Exit.NOT_FOUND),
        (NotThere("none"), Exit.NOT_FOUND),
        (Unreachable("h:1"), Exit.NO_SERVER),
        (ConnectError("no", request=_REQUEST), Exit.NO_SERVER),
        (ReadTimeout("late", request=_REQUEST), Exit.TIMED_OUT),
        (ConnectionRefusedError(111, "refused"), Exit.NO_SERVER),
        (ExceptionGroup("many", [NoReply("c", 1), ValueError()]), Exit.TIMED_OUT),
        (ZeroDivisionError("ours"), Exit.FAILED),
    ],
)
def test_every_error_has_its_code(error: Exception, code: Exit) -> None:
    assert code == explain(error).code


@pytest.mark.parametrize(
    "error", [LookupError("a topic is missing"), PartitionUnsafe("it was recreated"), StoreUnavailable("not there")]
)
def test_what_the_service_says_itself_is_told_as_it_is(error: Exception) -> None:
    told = str(explain(error))
    assert str(error) in told
    assert "--debug" not in told


def test_what_nobody_foresaw_is_one_line_that_says_where_to_look() -> None:
    assert "ZeroDivisionError: first; --debug shows where" == str(explain(ZeroDivisionError("first\nsecond")))


def test_debug_shows_the_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    main(["show", "boat", "x", "--debug"])
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.parametrize(
    "command", ["", "send", "show", "replay", "import", "export", "outcome", "topics apply", "up", "demo", *MORE]
)
def test_every_command_explains_itself(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help"]) == Exit.DONE
    assert "Usage: fairlead" in capfd.readouterr().out
