"""A store in RocksDB: of those measured it writes fastest, and its memory has a bound whatever it holds.

With 200,000 entities and a million outcomes, still compressed: 1.5 to 4 CPU-microseconds for each written, 1.2 for one
that is not there and 6 for one that is, against 4 to 6, 2 and 2 of LMDB, whose pages count as the process's memory and
took eight times the disk.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from time import sleep
from traceback import clear_frames
from typing import Any, cast

import orjson
from rocksdict import Rdict, WriteBatch, WriteOptions

from service.commands.ports import Put, StoreBroken
from service.store.memory import Memory

# The key in every space of its last write, and of what all spaces then were: a manifest that lost its end still opens,
# with some of the spaces older than others.
_SEAL = b""
_STALLED, _STALLED_SECONDS = "Write stall", 0.02
_RUNNING = "rocksdb.num-running-flushes", "rocksdb.num-running-compactions"
_AT_ONCE = WriteOptions()
_AT_ONCE.no_slowdown = True


class RocksStore:
    """Spaces are column families; `release` is called once it is closed. All raise StoreBroken."""

    def __init__(self, path: Path, memory: Memory, release: Callable[[], None] = lambda: None) -> None:
        self._path = path
        self._memory = memory
        self._release = release
        self._spaces: dict[str, Rdict] = {}
        self._open()

    def _open(self) -> None:
        with _told(self._path):
            known = Rdict.list_cf(str(self._path)) if (self._path / "CURRENT").exists() else []
            families = {name: self._memory.options() for name in known if name != "default"}
            self._db = Rdict(str(self._path), self._memory.options(), column_families=families)
            try:
                self._spaces = {name: self._db.get_column_family(name) for name in families}
                self._sealed = seal_of(self._spaces)
            except Exception:
                self._shut()
                raise

    def get(self, space: str, key: str) -> bytes | None:
        """The value of a key."""
        there = self._spaces.get(space)
        if there is None:
            return None
        # A context manager here would cost more than most reads.
        try:
            found: bytes | None = there.get(key.encode())
        except Exception as error:  # rocksdict raises no narrower one
            raise _broken(self._path, error) from error
        return found

    def get_many(self, space: str, keys: Sequence[str]) -> list[bytes | None]:
        """The value of each of these keys: half the time of asking for one after the other."""
        there = self._spaces.get(space)
        if there is None:
            return [None] * len(keys)
        with _told(self._path):
            return cast("list[bytes | None]", there.get([key.encode() for key in keys]))

    def items(self, space: str, after: str = "") -> Iterator[tuple[str, bytes]]:
        """All of a space as it is now, in the order of their keys, those behind one."""
        if space not in self._spaces:
            return
        with _told(self._path):
            yield from items_of(self._spaces[space], after)

    def count(self, space: str) -> int:
        """About how many keys a space has."""
        there = self._spaces.get(space)
        return there.property_int_value("rocksdb.estimate-num-keys") or 0 if there else 0

    def spaces(self) -> Collection[str]:
        """Those that hold something, or did."""
        return [*self._spaces]

    def write(self, puts: Collection[Put], deletes: Collection[tuple[str, str]]) -> None:
        """All of this or nothing; it outlives the process, but not the machine.

        It waits while RocksDB has more to sort than is good, which RocksDB would do with the interpreter's lock held.
        """
        with _told(self._path):
            while True:
                batch = self._batch(puts, deletes)
                try:
                    self._db.write(batch, _AT_ONCE)
                except Exception as error:  # rocksdict raises no narrower one
                    if _STALLED not in str(error):
                        raise
                    sleep(_STALLED_SECONDS)
                else:
                    return

    def _batch(self, puts: Collection[Put], deletes: Collection[tuple[str, str]]) -> WriteBatch:
        batch, families = WriteBatch(raw_mode=True), dict[str, Any]()
        for space, key, value in puts:
            family = families.get(space) or families.setdefault(space, self._family(space))
            batch.put(key.encode(), value, family)
        for space, key in deletes:
            family = families.get(space) or families.setdefault(space, self._family(space))
            batch.delete(key.encode(), family)
        number, ages = self._sealed
        self._sealed = number + 1, ages | dict.fromkeys(families, number + 1)
        for family in families.values():
            batch.put(_SEAL, orjson.dumps(self._sealed), family)
        return batch

    def _family(self, space: str) -> Any:
        if space not in self._spaces:
            self._spaces[space] = self._db.create_column_family(space, self._memory.options())
        return self._db.get_column_family_handle(space)

    def drop(self, space: str) -> None:
        """Forget a space."""
        if self._spaces.pop(space, None) is not None:
            self._sealed[1].pop(space, None)
            with _told(self._path):
                self._db.drop_column_family(space)

    def renew(self) -> None:
        """Forget everything: for a thread of its own."""
        with _told(self._path):
            # For these it would wait with the interpreter's lock held: 0.3 s, and up to 1 s, after much was written.
            self._db.cancel_all_background(False)  # noqa: FBT003  # as it is bound
            while any(map(self._db.property_int_value, _RUNNING)):
                sleep(_STALLED_SECONDS)
        self._spaces.clear()
        del self._db
        shutil.rmtree(self._path, ignore_errors=True)
        self._open()

    def close(self) -> None:
        """Let go of it: another may open it."""
        try:
            self._shut()
        finally:
            self._release()

    def _shut(self) -> None:
        # RocksDB stays open for as long as anything of it is held.
        self._spaces.clear()
        with _told(self._path):
            self._db.close()
        del self._db


def items_of(space: Rdict, after: str = "") -> Iterator[tuple[str, bytes]]:
    """All of a space but its seal, in the order of their keys, those behind one."""
    reading = space.iter()
    reading.seek(f"{after}\0".encode())
    while reading.valid():
        yield cast("bytes", reading.key()).decode(), cast("bytes", reading.value())
        reading.next()
    # It ends at a damaged block as it does at the last one, and only tells when asked.
    reading.status()


def seal_of(spaces: Mapping[str, Rdict]) -> tuple[int, dict[str, int]]:
    """Which write was the last, and the last of each space; raises where not all that it left is there."""
    seals = {name: orjson.loads(space.get(_SEAL) or b"[0, {}]") for name, space in spaces.items()}
    number, ages = max(seals.values(), key=itemgetter(0), default=(0, {}))
    # A space that was dropped is named until the next write.
    if any(seals[name][0] != age for name, age in ages.items() if name in seals):
        raise ValueError("its spaces are not of one age")
    return number, ages


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # rocksdict raises no narrower one
        # RocksDB stays open for as long as anything of it is held, as frames of what failed do from Python 3.12 on.
        clear_frames(error.__traceback__)
        raise _broken(path, error) from error


def _broken(path: Path, error: Exception) -> StoreBroken:
    return StoreBroken(f"the local store in {path} failed and is made anew: {error}")
