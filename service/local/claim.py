"""One stack per directory: two on the same data would destroy it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.local.failure import StackFailed, StackInUse


@contextmanager
def claimed(directory: Path) -> Iterator[Path]:
    """Hold the directory and yield its full path; the system lets go when this process dies, however it dies."""
    try:
        directory = directory.resolve()
        directory.mkdir(parents=True, exist_ok=True)
        file = (directory / "lock").open("a+")
    except OSError as error:
        raise StackFailed(
            f"{directory} cannot be used ({error.strerror}): choose a folder of yours with --dir"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise StackInUse(
                f"{directory} is in use by process {holder}: stop that one, or choose another folder with --dir"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield directory
