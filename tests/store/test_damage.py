"""A damaged file makes a store fail or forget; it never makes it tell what was not so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from service.commands.ports import LocalStore, StoreBroken
from service.store.memory import Memory
from service.store.rocks import RocksStore
from service.store.shelf import RocksShelf

Known = Mapping[str, Mapping[str, bytes]]
Damage = Callable[[Path], None]

_SPACES, _KEYS, _WRITES = ("parked", "changed.0"), 50, 4
_PLACES = 8


def written(store: LocalStore) -> list[Known]:
    """What a store knew after each write, nothing at first."""
    states: list[Known] = [{space: {} for space in _SPACES}]
    for number in range(_WRITES):
        fresh = {f"{number}/{key:03}": os.urandom(100) for key in range(_KEYS)}
        store.write([(space, key, value) for space in _SPACES for key, value in fresh.items()], [])
        states.append({space: {**states[-1][space], **fresh} for space in _SPACES})
    return states


def believed(store: LocalStore, state: Known) -> Known | None:
    """What a store tells, None where it says that it is broken; asked key by key it does not differ from itself."""
    try:
        found = {space: dict(store.items(space)) for space in _SPACES}
    except StoreBroken:
        return None
    for space, there in state.items():
        try:
            for key in there:
                assert store.get(space, key) == found[space].get(key)
            assert store.get_many(space, [*there]) == [found[space].get(key) for key in there]
        except StoreBroken:
            return None
    return found


def flipped(share: float) -> Damage:
    """A few bytes in the midst of a file that are others."""

    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        at = int(share * (len(content) - 1))
        for place in range(at, min(at + 8, len(content))):
            content[place] ^= 0xFF
        path.write_bytes(content)

    return damage


def cut(share: float) -> Damage:
    """The rest of a file is lost."""
    return lambda path: os.truncate(path, int(share * path.stat().st_size))


_DAMAGES: Mapping[str, list[Damage]] = {
    "flipped": [flipped(place / _PLACES) for place in range(_PLACES + 1)],
    "cut": [cut(place / _PLACES) for place in range(_PLACES)],
    "lost": [Path.unlink],
}


@pytest.mark.parametrize("how", _DAMAGES)
@pytest.mark.parametrize("file", ["CURRENT", "MANIFEST-*", "*.sst", "*.log"])
def test_a_damaged_file_is_never_believed(tmp_path: Path, file: str, how: str) -> None:
    RocksShelf(tmp_path)
    store = RocksStore(tmp_path / "one.0", Memory(read=1 << 20, written=16 << 20))
    states = written(store)
    if file != "*.log":
        store.close()
    # Of one that is open, what was written last is in its journal alone.
    shutil.copytree(tmp_path / "one.0", tmp_path / "whole")
    paths = [path.name for path in (tmp_path / "whole").glob(file) if path.stat().st_size]
    assert paths
    hurt = 0
    for name in paths:
        for number, damage in enumerate(_DAMAGES[how]):
            copy = tmp_path / f"{name}-{number}.0"
            shutil.copytree(tmp_path / "whole", copy)
            damage(copy / name)
            opened = RocksShelf(tmp_path).open(f"{name}-{number}")
            told = believed(opened, states[-1])
            opened.close()
            assert told is None or told in states
            hurt += told != states[-1]
            shutil.rmtree(copy)
    assert hurt


def test_a_store_that_fell_out_with_its_disk_can_be_made_anew(shelf: RocksShelf, tmp_path: Path) -> None:
    store = shelf.open("one")
    written(store)
    store.close()
    for table in (tmp_path / "shelf" / "one.0").glob("*.sst"):
        flipped(0.5)(table)
    store = shelf.open("one")
    with pytest.raises(StoreBroken, match=r"one\.0"):
        [*store.items("parked")]
    store.renew()
    states = written(store)
    assert states[-1] == believed(store, states[-1])
    store.close()


def test_a_folder_that_cannot_be_written_to_is_told_and_not_held(shelf: RocksShelf, tmp_path: Path) -> None:
    in_the_way = tmp_path / "shelf" / "one.0"
    in_the_way.write_text("no folder")
    for _ in range(2):
        with pytest.raises(StoreBroken, match=r"one\.0"):
            shelf.open("one")
    assert ["one.0", "one.0.lock"] == sorted(path.name for path in in_the_way.parent.iterdir())
    in_the_way.unlink()
    shelf.open("one").close()
