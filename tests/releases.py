"""The next release, as contracts/EVOLUTION.md tells it: a copy of this tree in which its example was carried out."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOLD = ROOT / "contracts" / "EVOLUTION.md"


def next_release(directory: Path) -> Path:
    """The copy, in which nothing was generated anew."""
    for part in ("contracts", "service"):
        shutil.copytree(ROOT / part, directory / part, ignore=shutil.ignore_patterns("__pycache__"))
    [change] = re.findall(r"^```diff\n(.*?)^```", TOLD.read_text(), re.DOTALL | re.MULTILINE)
    subprocess.run(["git", "apply", "-"], cwd=directory, input=change.encode(), check=True)  # noqa: S607  # ours
    return directory


def fairlead(tree: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command by the code in a tree."""
    line = [sys.executable, "-m", "service", *words]
    environment = {"PYTHONPATH": str(tree / "contracts"), "PATH": "/usr/bin:/bin", **variables}
    return subprocess.run(line, cwd=tree, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # ours
