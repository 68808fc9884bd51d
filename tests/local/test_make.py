"""What stands in the caller's shell neither leads make astray nor keeps it from finding a Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROBE = "probe:\n\t@env\n"


def make(*arguments: str, extra: str = "", **environment: str) -> str:
    """What a make of this folder prints."""
    return subprocess.run(  # noqa: S603 - make, on this folder
        [shutil.which("make") or "make", "--no-print-directory", "-f", "Makefile", "-f", "-", *arguments],
        cwd=ROOT,
        input=extra,
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    ).stdout


@pytest.mark.parametrize(
    "name",
    [
        "PGHOST",
        "PGSSLMODE",
        "KAFKA_OPTS",
        "PYTHONPATH",
        "PYTHONHOME",
        "JAVA_TOOL_OPTIONS",
        "_JAVA_OPTIONS",
        "CLASSPATH",
    ],
)
def test_a_variable_meant_for_other_servers_or_code_goes_no_further(name: str) -> None:
    assert f"{name}=" not in make("probe", extra=PROBE, **{name: "elsewhere"})


@pytest.mark.parametrize(
    "name", ["https_proxy", "HTTP_PROXY", "NO_PROXY", "PIP_CERT", "FAIRLEAD_BOOTSTRAP_SERVERS", "KAFKA_IMAGE"]
)
def test_proxies_certificates_and_our_own_variables_are_passed_on(name: str) -> None:
    assert f"{name}=meant" in make("probe", extra=PROBE, **{name: "meant"})


@pytest.mark.parametrize(
    ("fit", "chosen"),
    [
        (["python3", "python3.13"], "python3"),
        (["python3.12", "python3.13"], "python3.13"),
        ([], ""),
    ],
    ids=["python3 will do", "python3 is too old", "none will do"],
)
def test_the_python_is_python3_or_the_newest_that_will_do(tmp_path: Path, fit: list[str], chosen: str) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {0 if name in fit else 1}\n")
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"

    found = make("probe", extra="probe:\n\t@echo 'found [$(PYTHON)]'\n", PATH=path)

    assert found == f"found [{chosen}]\n"
