"""Makes `.venv` from the hash-checked lock, so that a fresh clone needs nothing but Python and make."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed"
LOCK = ROOT / "deploy" / "locks" / "development.txt"
LEAST_PYTHON = (3, 11)
LEAST_DISK = 3_000_000_000

# Set by a caller for other installations, these would send this one elsewhere or make it impossible.
NOT_OURS = {
    f"PIP_{name}" for name in ("TARGET", "PREFIX", "ROOT", "CONSTRAINT", "REQUIREMENT", "NO_BINARY", "EDITABLE")
}


def main() -> None:
    """Set up once; a later call sees that nothing changed and returns."""
    if installed():
        return
    if problem := unfit():
        fail(problem)
    # Two makes at once: the second waits, then finds the work done. What we start inherits the lock: where we
    # alone are killed, it goes on.
    lock = os.open(ROOT / "deploy", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.set_inheritable(lock, True)  # noqa: FBT003  # as it is defined
    if not installed():
        set_up()


def fingerprint() -> str:
    """What the environment was made from, and where: its scripts carry its path."""
    digest = hashlib.sha256(str(ROOT).encode())
    for part in (LOCK, ROOT / "pyproject.toml", ROOT / "contracts" / "pyproject.toml"):
        digest.update(part.read_bytes())
    return digest.hexdigest()


def installed() -> bool:
    """Whether an earlier set-up came to its end; an interpreter since uninstalled leaves a dangling link."""
    return STAMP.is_file() and STAMP.read_text() == fingerprint() and os.access(PYTHON, os.X_OK)


def unfit() -> str | None:
    """What about this machine would make the set-up fail later, and worse to read, with its remedy."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if sys.version_info[:2] < LEAST_PYTHON:
        return f"Python {version} is too old: install 3.11 or newer"
    if sys.platform not in ("linux", "darwin"):
        return f"{sys.platform} is not supported: use Linux or macOS"
    if sys.platform == "linux" and platform.libc_ver()[0] != "glibc":
        return "this Linux has no glibc (musl?), which Java and PostgreSQL need here: use Debian, Fedora or the like"
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        return f"Python {version} has no venv: install it, on Debian and Ubuntu by `apt install python{version}-venv`"
    free = shutil.disk_usage(ROOT).free
    if free < LEAST_DISK:
        return f"{free / 1e9:.1f} GB of disk are free at {ROOT}, 3 are needed: free some, or clone to a larger disk"
    return None


def set_up() -> None:
    """Go on from wherever an earlier set-up was interrupted."""
    # From here on there is neither what an earlier one made, perhaps of another branch, nor yet what this one makes.
    STAMP.unlink(missing_ok=True)
    if not usable():
        say(f"1/3 a Python {platform.python_version()} environment in {VENV}")
        run([sys.executable, "-I", "-m", "venv", "--clear", str(VENV)])
    say("2/3 packages from the network, each checked by its hash (a minute the first time)")
    pip("--require-hashes", "--only-binary", ":all:", "-r", str(LOCK))
    say("3/3 fairlead and fairlead-service from this folder")
    pip("--no-index", "--no-deps", "--no-build-isolation", "-e", str(ROOT / "contracts"), "-e", str(ROOT))
    STAMP.write_text(fingerprint())
    say("done")


def usable() -> bool:
    """Whether there is an environment, made at this place, whose pip runs."""
    settings = VENV / "pyvenv.cfg"
    if not settings.is_file() or str(VENV) not in settings.read_text() or not os.access(PYTHON, os.X_OK):
        return False
    return subprocess.run([PYTHON, "-I", "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def pip(*arguments: str) -> None:
    """Install with the environment's pip, which honours the caller's proxy, index and certificates."""
    run([str(PYTHON), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments])


def run(command: list[str]) -> None:
    """Run to the end, saying which package is being fetched; the whole output only where it failed."""
    environment = {key: value for key, value in os.environ.items() if key not in NOT_OURS} | {"PIP_USER": "0"}
    output = []
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=PIPE, stderr=STDOUT, text=True, close_fds=False
    ) as child:
        try:
            for line in child.stdout or ():
                output.append(line)
                if found := re.match(r"Collecting ([^\s=]+)|(Installing) collected", line):
                    show(found[1] or "installing")
        except KeyboardInterrupt:
            # Or it would still write here while the next call sets up.
            child.kill()
            raise
    show("")
    if child.returncode != 0:
        sys.stderr.write("".join(output[-20:]))
        fail(f"`{' '.join(command[:5])} …` failed as shown above: mend that (network? proxy?) and call make again")


def show(progress: str) -> None:
    """One line that is written over; a log that is no terminal is spared it."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[2K{progress and '    ' + progress}")
        sys.stderr.flush()


def say(text: str) -> None:
    """A step of the set-up, for whoever waits."""
    sys.stderr.write(f"set-up: {text}\n")
    sys.stderr.flush()


def fail(problem: str) -> NoReturn:
    """End with one line; make adds one of its own."""
    sys.exit(f"set-up: {problem}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        fail("interrupted: call make again and it goes on from here")
