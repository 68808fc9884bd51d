"""A store outlives its process, however that ends, and is never shared by two."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import mkdtemp

import pytest

from service.store.shelf import RocksShelf, open_shelf
from tests.store.keeper import KEYS, SPACES


@contextmanager
def keeper(role: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process with the store of this folder."""
    command = [sys.executable, "-m", "tests.store.keeper", role, str(folder)]
    with subprocess.Popen(  # noqa: S603  # our own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ask(process: subprocess.Popen[str], line: str) -> str:
    """What a keeper answers."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


@pytest.mark.parametrize("seed", range(4))
def test_after_a_kill_in_mid_write_each_write_is_whole_or_absent_and_none_that_was_made_is_lost(
    tmp_path: Path, seed: int
) -> None:
    told = 0
    for writes in Random(seed).sample(range(1, 60), 2):
        with keeper("write", tmp_path) as process:
            assert process.stdout
            lines = [process.stdout.readline() for _ in range(writes)]
            process.kill()
            lines += process.stdout.readlines()
            told = int([line for line in lines if line.endswith("\n")][-1])
        store = RocksShelf(tmp_path).open("one")
        found = {space: dict(store.items(space)) for space in SPACES}
        store.close()
        assert [KEYS, KEYS] == [len(there) for there in found.values()]
        [value] = {value for there in found.values() for value in there.values()}
        number = next(number for number in (told, told + 1) if value == str(number).encode() * 20)
        assert told <= number


def test_a_second_process_gets_another_copy_and_a_frozen_one_keeps_its_own(tmp_path: Path) -> None:
    with keeper("keep", tmp_path) as frozen:
        assert "" == ask(frozen, "frozen")
        os.kill(frozen.pid, signal.SIGSTOP)
        with keeper("keep", tmp_path) as other:
            assert "" == ask(other, "other")
            os.kill(frozen.pid, signal.SIGCONT)
            assert "frozen" == ask(frozen, "awake")
            assert "other" == ask(other, "still")
            with keeper("keep", tmp_path) as third:
                assert "" == ask(third, "third")
    with keeper("keep", tmp_path) as next_one:
        # Not the first that is free: that one has been asleep.
        assert "third" == ask(next_one, "next")


def test_two_in_one_process_have_a_copy_each_too(shelf: RocksShelf) -> None:
    one, two = shelf.open("one"), shelf.open("one")
    one.write([("a", "a", b"1")], [])
    assert two.get("a", "a") is None
    one.close()
    again = shelf.open("one")
    assert b"1" == again.get("a", "a")
    again.close()
    two.close()


def test_a_shelf_without_a_folder_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with open_shelf(None) as shelf:
        store = shelf.open("prefix.ship.events-0")
        store.write([("a", "a", b"1")], [])
        store.close()
        assert [*tmp_path.iterdir()]
    assert [] == [*tmp_path.iterdir()]


def test_what_a_killed_process_leaves_is_removed_by_the_next_one_and_nothing_that_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    others = tmp_path / "fairlead-others"
    others.mkdir()
    (others / "file").touch()
    with keeper("pass", tmp_path) as alive, keeper("pass", tmp_path) as killed:
        for process in (alive, killed):
            assert process.stdout
            assert "there\n" == process.stdout.readline()
        killed.kill()
        killed.wait()
        being_made = Path(mkdtemp(prefix="fairlead-store-"))
        before = set(tmp_path.iterdir())
        with open_shelf(None):
            [left] = before - set(tmp_path.iterdir())
        assert left not in (others, being_made)
        assert {others, being_made} < before - {left}
        assert alive.stdin
        alive.stdin.close()
        assert 0 == alive.wait()
    assert {others, being_made} == set(tmp_path.iterdir())


def test_names_cannot_leave_the_folder(shelf: RocksShelf, tmp_path: Path) -> None:
    store = shelf.open("../elsewhere/x")
    store.write([("a", "a", b"1")], [])
    store.close()
    assert ["shelf"] == [there.name for there in tmp_path.iterdir()]
