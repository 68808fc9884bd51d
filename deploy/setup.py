"""Makes `.venv` from the hash-checked locks, so that a fresh clone needs nothing but Python and make."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = [ROOT / "deploy" / "locks" / f"{name}.txt" for name in ("build", "service", "local", "dev")]
STAMP = VENV / "installed"


def fingerprint() -> str:
    """What the environment was made from."""
    parts = [*LOCKS, ROOT / "pyproject.toml", ROOT / "contracts" / "pyproject.toml"]
    digest = hashlib.sha256(str(ROOT).encode() + sys.version.encode())
    for part in parts:
        digest.update(part.read_bytes())
    return digest.hexdigest()


def pip(*arguments: str) -> None:
    """Run the environment's pip, the caller's Python path left out."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    command = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", *arguments]
    subprocess.run(command, check=True, env=environment, cwd=ROOT)


def main() -> None:
    """Install once; a later call sees that nothing changed and returns."""
    wanted = fingerprint()
    if STAMP.is_file() and STAMP.read_text() == wanted:
        return
    venv.create(VENV, with_pip=True)
    locks = [argument for lock in LOCKS for argument in ("-r", str(lock))]
    pip("--require-hashes", *locks)
    pip("--no-deps", "--no-build-isolation", "-e", str(ROOT / "contracts"), "-e", str(ROOT))
    STAMP.write_text(wanted)


if __name__ == "__main__":
    main()
