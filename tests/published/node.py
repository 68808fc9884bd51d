"""Packages of npm as locked beside the tests, each file checked by its hash, fetched once."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.published.test_drift import ROOT

_LOCKED = ("package.json", "package-lock.json")


def node_modules(name: str, locked: Path) -> Path:
    """A folder of this name in the virtual environment that has them; skips where npm is not installed."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed here")
    folder = ROOT / ".venv" / name
    wanted, done = (locked / "package-lock.json").read_bytes(), folder / "done"
    if not done.is_file() or done.read_bytes() != wanted:
        folder.mkdir(exist_ok=True)
        for file in _LOCKED:
            shutil.copy(locked / file, folder)
        line = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(line, cwd=folder, check=True, capture_output=True)  # noqa: S603  # as the lock says
        done.write_bytes(wanted)
    return folder
