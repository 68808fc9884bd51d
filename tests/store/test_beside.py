"""A store can be read beside the process that has it open: as it was at one moment, and without a trace."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.commands.ports import StoreBroken
from service.store.beside import stores_beside
from service.store.shelf import RocksShelf
from tests.store.keeper import KEYS, SPACES

_OPENED = 20


@contextmanager
def _writer(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that writes without end, each write of one number everywhere."""
    line = [sys.executable, "-m", "tests.store.keeper", "write", str(folder)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, bufsize=0) as process:  # noqa: S603  # a line of our own
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
        finally:
            process.kill()


def test_all_spaces_are_of_one_write_however_fast_it_is_written(tmp_path: Path) -> None:
    seen = []
    with _writer(tmp_path) as process:
        for _ in range(_OPENED):
            with stores_beside(tmp_path, "one") as [store]:
                found = [list(store.items(space)) for space in SPACES]
            assert [KEYS] * len(SPACES) == [len(items) for items in found]
            [value] = {value for items in found for _, value in items}
            seen.append(int(value[: len(value) // 20]))
        assert process.poll() is None

    assert sorted(seen) == seen
    assert seen[0] < seen[-1]


def test_it_stays_as_it_was_when_it_was_opened(tmp_path: Path) -> None:
    own = RocksShelf(tmp_path).open("one")
    own.write([("one", "a", b"1")], [])
    with stores_beside(tmp_path, "one") as [store]:
        own.write([("one", "a", b"2")], [])
        assert b"1" == store.get("one", "a")
        assert [("a", b"1")] == list(store.items("one"))
    assert b"2" == own.get("one", "a")
    own.close()


def test_a_space_that_was_dropped_since_the_last_write_is_not_missed(tmp_path: Path) -> None:
    own = RocksShelf(tmp_path).open("one")
    own.write([("one", "a", b"1"), ("two", "a", b"1")], [])
    own.drop("two")
    with stores_beside(tmp_path, "one") as [store]:
        assert (b"1", None) == (store.get("one", "a"), store.get("two", "a"))
    own.close()


def test_nothing_of_it_is_changed(tmp_path: Path) -> None:
    own = RocksShelf(tmp_path).open("one")
    own.write([("one", "a", b"1")], [])
    own.close()
    before = _files(tmp_path)
    with stores_beside(tmp_path, "one") as [store]:
        assert b"1" == store.get("one", "a")
    assert before == _files(tmp_path)


def test_each_copy_is_read_and_none_of_another_name(tmp_path: Path) -> None:
    shelf = RocksShelf(tmp_path)
    opened = [shelf.open("one"), shelf.open("one"), shelf.open("one-1")]
    for number, store in enumerate(opened):
        store.write([("one", "a", str(number).encode())], [])
    with stores_beside(tmp_path, "one") as stores:
        assert [b"0", b"1"] == [store.get("one", "a") for store in stores]
    for store in opened:
        store.close()


def test_what_is_no_store_is_said_to_be_none(tmp_path: Path) -> None:
    folder = tmp_path / "one.0"
    folder.mkdir()
    (folder / "CURRENT").write_text("MANIFEST-000001\n")
    with pytest.raises(StoreBroken, match=r"one\.0"), stores_beside(tmp_path, "one"):
        pass


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
