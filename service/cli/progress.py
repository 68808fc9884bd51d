"""How far long work is, how fast, and how long it will take; on stderr, and only where a person looks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from service.cli.output import err


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="dim")


def progress_of_known(*, transient: bool = False) -> Progress:
    """For work whose size is known; transient where nobody wants to see afterwards that it was done."""
    columns = (
        "{task.description}",
        BarColumn(),
        "{task.completed:,} of {task.total:,}",
        _Rate(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=err, disable=not err.is_terminal, transient=transient)


def follow(bars: Progress, what: str) -> Callable[[int, int], None]:
    """A bar of its own for whoever tells how many of how many are done."""
    task = bars.add_task(what, total=0)
    return lambda done, total: bars.update(task, completed=done, total=total)


def told_of_bytes(bars: Progress, file: Path) -> Callable[[int], None]:
    """A bar for who reads a file, and tells how many bytes of it."""
    size = file.stat().st_size if file.is_file() else 0
    task = bars.add_task(f"Reading {file.name} (bytes)", total=size)
    return lambda done: bars.update(task, completed=done)


def progress_of_unknown() -> Progress:
    """For work whose size is not known before it is done."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), "{task.completed:,}", _Rate(), TimeElapsedColumn())
    return Progress(*columns, console=err, disable=not err.is_terminal)
