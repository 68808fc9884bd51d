"""The folder in which a process keeps its stores, each of them its own for as long as it is open."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from uuid import uuid4

from service.commands.ports import StoreBroken
from service.store.memory import Memory
from service.store.passing import passing_folder
from service.store.rocks import RocksStore

_CACHE_BYTES = 64 << 20
_UNWRITTEN_BYTES = 48 << 20
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def boot() -> str | None:
    """The present life of the machine, where it says which."""
    return _BOOT.read_text().strip() if _BOOT.exists() else None


def base_name(name: str) -> str:
    """What the folders of all stores of a name begin with."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


@contextmanager
def open_shelf(folder: str | None) -> Iterator[RocksShelf]:
    """The shelf in a folder, or in one that is removed at the end."""
    if folder is not None:
        yield RocksShelf(Path(folder))
        return
    with passing_folder() as own:
        yield RocksShelf(own)


def _written(store: Path) -> int:
    """When something of it was, in nanoseconds."""
    with suppress(FileNotFoundError):
        return max((entry.stat().st_mtime_ns for entry in os.scandir(store)), default=0)
    return 0


class RocksShelf:
    """Stores under one folder, which is created when missing."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._memory = Memory(read=_CACHE_BYTES, written=_UNWRITTEN_BYTES)
        # Where the machine does not say which life it is in, no store outlives the process.
        self.boot = boot() or str(uuid4())

    def open(self, name: str) -> RocksStore:
        """Of the copies that nobody has open that which was written last, or a new one; raises StoreBroken.

        A frozen process keeps its own: once it wakes up it writes to that, and not to what its successor has.
        """
        base = base_name(name)
        copies = [path for path in self._folder.glob(f"{base}.*/") if path.stem == base]
        there = sorted(copies, key=_written, reverse=True)
        new = (path for number in count() if (path := self._folder / f"{base}.{number}") not in there)
        for path in chain(there, new):
            lock = os.open(path.with_name(f"{path.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            return self._opened(path, lock)
        raise AssertionError

    def _opened(self, path: Path, lock: int) -> RocksStore:
        try:
            return RocksStore(path, self._memory, lambda: os.close(lock))
        except StoreBroken:
            shutil.rmtree(path, ignore_errors=True)
        try:
            return RocksStore(path, self._memory, lambda: os.close(lock))
        except StoreBroken:
            os.close(lock)
            raise
