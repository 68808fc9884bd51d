"""What can go wrong on a local stack, told to people in one line, so that nobody has to read a traceback."""

from __future__ import annotations

from pathlib import Path


class StackFailed(Exception):
    """Says in one line what happened and what to do next."""


class StackInUse(StackFailed):
    """Another process runs a stack on the same directory."""


def tail(log: Path, lines: int = 5) -> str:
    """The end of a log in one line."""
    if not log.is_file():
        return "nothing"
    return " | ".join(line.strip() for line in log.read_text(errors="replace").splitlines()[-lines:]) or "nothing"
