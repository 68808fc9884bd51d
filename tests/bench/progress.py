"""What goes on, on stderr: a bar where a person looks, a line where nobody does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.cli.output import err
from service.cli.progress import progress_of_known


def say(what: str) -> None:
    """A line that stays."""
    err.print(what, soft_wrap=True)


@contextmanager
def working(on: str, total: int) -> Iterator[Callable[[int], None]]:
    """Work of a known size; yields what to call with how much of it is done."""
    if not err.is_terminal:
        say(on)
    with progress_of_known(transient=True) as progress:
        task = progress.add_task(on, total=total)
        yield lambda done: progress.update(task, completed=done)
