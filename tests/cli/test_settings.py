"""Every setting is described, and a wrong one is named by its variable, in one line."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from fairlead.envelope import Reply
from service.cli.command_line import main
from service.cli.exits import Exit
from service.cli.faults import explain
from service.cli.misspelt import unknown
from service.cli.settings import known, page
from service.settings import Settings

PAGE = Path(__file__).parents[2] / "deploy" / "SETTINGS.md"

WRONG: Mapping[str, tuple[str, ...]] = {
    "bootstrap_servers": ("", " ", "host:", "host:many", "a:1,,b:2", "http://host:1"),
    "security_protocol": ("", "ssl", "SASL_PLAINTEXT"),
    "sasl_mechanism": ("", "GSSAPI"),
    "sasl_username": ("", " "),
    "sasl_password": ("",),
    "ssl_cafile": ("", "/nowhere/ca.pem", __file__),
    "prefix": ("nodot", "Capital.", "a b.", "."),
    "database_url": (
        *("", "127.0.0.1:5432", "mysql://h/x", "postgresql://h:port/x", "postgresql://h/x?sslmode"),
        *(f"postgresql://u:12{sign}34@h/x" for sign in ("/", "?", "#", "@", "[", "\u2105")),
    ),
    "reader_role": ("", " "),
    "group": ("", " "),
    "allow_import": ("", "maybe", "2"),
    "on_failure": ("", "stop", "Park"),
    "on_overload": ("", "drop"),
    "busy_above": ("", "0", "many", "1.5"),
    "max_batch": ("", "0", "100001", "2e3"),
    "state_dir": ("", "/nowhere/at/all/state", __file__),
    "standby": ("", "maybe", "2"),
    "cached_entities": ("", "99", "many"),
    "transaction_timeout_ms": ("", "999", "1m"),
    "commit_timeout_s": ("", "0", "-1", "nan", "inf", "soon"),
    "instance_id": ("", "a b", ".", "é", "x" * 201),
    "session_timeout_ms": ("", "999", "30s"),
    "watchdog_s": ("", "0.5", "inf"),
    "health_host": ("",),
    "health_port": ("", "-1", "65536", "http"),
    "show_personal_data": ("", "oui"),
    "api_host": ("",),
    "api_port": ("", "-1", "65536", "many"),
    "api_url": ("", "127.0.0.1:8080", "ftp://h", "http://"),
    "log_level": ("", "info", "TRACE"),
    "ready_file": ("", "/nowhere/at/all/ready"),
}


def test_the_page_is_what_the_settings_say() -> None:
    assert PAGE.read_text() == page(), "call `fairlead settings --markdown > deploy/SETTINGS.md`"


def test_every_number_but_a_port_has_a_unit() -> None:
    numbers = {setting.name: setting.unit for setting in known() if type(setting.default) in (int, float)}
    assert numbers.keys() > {"max_batch", "api_port"}
    assert {"api_port"} == {name for name, unit in numbers.items() if unit is None}


def test_every_setting_is_tried_with_a_wrong_value() -> None:
    assert WRONG.keys() == Settings.model_fields.keys()


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_is_named_with_its_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"FAIRLEAD_{name.upper()}", value)
    assert main(["settings"]) == Exit.USAGE
    said = capfd.readouterr()
    assert ("", 1) == (said.out, said.err.count("\n"))
    assert said.err.startswith(f"fairlead: FAIRLEAD_{name.upper()}")


def test_a_secret_that_is_wrong_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for url in ("mysql://u:hidden@h/x", *(f"postgresql://u:hidden{sign}hidden@h/x" for sign in "/?#@[")):
        monkeypatch.setenv("FAIRLEAD_DATABASE_URL", url)
        assert main(["settings"]) == Exit.USAGE
        assert "hidden" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "url",
    [
        "postgres://h",
        "postgresql://u:p%2Fw:!$&*=;~@h:5432,other/x?sslmode=require&application_name=a\n",
        "postgresql://[::1]:5432/x",
        "postgresql://u@/x?host=/var/run/postgresql",
        "postgresql://%2Fvar%2Frun/x",
        "postgresql:///x",
    ],
)
def test_a_database_may_be_named_in_every_way_that_the_driver_knows(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_DATABASE_URL", url)
    assert url == Settings().database_url.get_secret_value()


def test_credentials_that_are_missing_are_named(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAIRLEAD_SECURITY_PROTOCOL", "SASL_SSL")
    assert main(["settings"]) == Exit.USAGE
    assert "FAIRLEAD_SASL_USERNAME" in capfd.readouterr().err


def test_a_port_that_kubernetes_set_says_so(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FAIRLEAD_API_PORT", "tcp://10.0.0.1:8080")
    assert main(["settings"]) == Exit.USAGE
    assert "enableServiceLinks" in capfd.readouterr().err


def test_what_is_wrong_elsewhere_is_no_setting() -> None:
    with pytest.raises(ValidationError) as raised:
        Reply.model_validate({})
    stop = explain(raised.value)
    assert (Exit.FAILED, False) == (stop.code, "FAIRLEAD_" in str(stop))


def test_settings_are_shown_with_their_origin_and_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    stack = {"bootstrap_servers": "h:1", "database_url": "postgresql://u:hidden@h/x", "api_url": "http://h:2"}
    (tmp_path / "endpoints.json").write_text(json.dumps(stack))
    monkeypatch.setenv("FAIRLEAD_MAX_BATCH", "5")
    monkeypatch.setenv("FAIRLEAD_SASL_PASSWORD", "hidden")
    assert main(["settings", "--dir", str(tmp_path), "--api-url", "http://h:3"]) == Exit.DONE
    printed = capfd.readouterr().out
    assert "hidden" not in printed
    told = {row["variable"]: (row["value"], row["from"]) for row in json.loads(printed)}
    assert len(Settings.model_fields) == len(told)
    assert ("h:1", "--dir") == told["FAIRLEAD_BOOTSTRAP_SERVERS"]
    assert ("http://h:3", "--api-url") == told["FAIRLEAD_API_URL"]
    assert (5, "variable") == told["FAIRLEAD_MAX_BATCH"]
    assert ("INFO", "default") == told["FAIRLEAD_LOG_LEVEL"]
    assert (str(SecretStr("x")), "--dir") == told["FAIRLEAD_DATABASE_URL"]


def test_a_value_that_is_no_utf_8_is_shown(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(os.environb, b"FAIRLEAD_STATE_DIR", b"\xff")
    assert main(["settings"]) == Exit.DONE
    told = {row["variable"]: row["value"] for row in json.loads(capfd.readouterr().out)}
    assert r"\xff" == told["FAIRLEAD_STATE_DIR"]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("FAIRLEAD_ON_FAILUR",), [("FAIRLEAD_ON_FAILUR", "FAIRLEAD_ON_FAILURE")]),
        (("FAIRLEAD_HELTH_PORT",), [("FAIRLEAD_HELTH_PORT", "FAIRLEAD_HEALTH_PORT")]),
        (("FAIRLEAD_WEATHER",), [("FAIRLEAD_WEATHER", None)]),
        (("FAIRLEAD_DIR", "FAIRLEAD_MAX_BATCH", "fairlead_group", "PATH", "XFAIRLEAD_X"), []),
        (
            (
                "FAIRLEAD_API_SERVICE_HOST",
                "FAIRLEAD_API_SERVICE_PORT",
                "FAIRLEAD_API_SERVICE_PORT_HTTP",
                "FAIRLEAD_API_PORT",
                "FAIRLEAD_API_PORT_8080_TCP",
                "FAIRLEAD_API_PORT_8080_TCP_PROTO",
                "FAIRLEAD_API_PORT_8080_TCP_PORT",
                "FAIRLEAD_API_PORT_8080_TCP_ADDR",
            ),
            [],
        ),
        (
            ("FAIRLEAD_SERVICE_HOST", "FAIRLEAD_PORT", "FAIRLEAD_ON_FAILUR"),
            [("FAIRLEAD_ON_FAILUR", "FAIRLEAD_ON_FAILURE")],
        ),
        (("FAIRLEAD_WEB_PORT_80_TCP",), [("FAIRLEAD_WEB_PORT_80_TCP", None)]),
    ],
)
def test_a_name_that_sets_nothing_is_found(names: tuple[str, ...], told: list[Any]) -> None:
    assert told == list(unknown(names))


@pytest.mark.parametrize("role", ["handle", "project", "api"])
async def test_every_role_warns_of_it_when_it_starts(role: str) -> None:
    # Nobody answers there: a role that starts says this first of all.
    nowhere = {"FAIRLEAD_DATABASE_URL": "postgresql://127.0.0.1:1/x", "FAIRLEAD_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", role), env=nowhere | {"FAIRLEAD_ON_FAILUR": "park"}, stderr=PIPE
    )
    assert process.stderr is not None
    first = json.loads(await process.stderr.readline())
    if process.returncode is None:
        process.kill()
    await process.communicate()
    assert ("warning", "FAIRLEAD_ON_FAILUR") == (first["level"], first["variable"])
    assert first["nearest"] == "FAIRLEAD_ON_FAILURE"
