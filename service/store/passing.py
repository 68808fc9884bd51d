"""A folder for the time of one process, whose own is gone with it, or after a kill with the next one's beginning."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Of nothing else: what is named so and held by no process is removed.
_PREFIX = "fairlead-store-"


@contextmanager
def passing_folder() -> Iterator[Path]:
    """One that is removed at the end."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # it is held, or it has just been removed
            _remove_if_left(path)
    own = Path(tempfile.mkdtemp(prefix=_PREFIX))
    held = os.open(own, os.O_RDONLY)
    try:
        with suppress(OSError):  # where no folder can be held, none that was left is removed
            fcntl.flock(held, fcntl.LOCK_EX)
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        os.close(held)


def _remove_if_left(path: Path) -> None:
    held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Nothing is put into one before it is held: where it is empty it may only just be made.
        if os.fstat(held).st_uid == os.getuid() and any(path.iterdir()):
            shutil.rmtree(path)
    finally:
        os.close(held)
