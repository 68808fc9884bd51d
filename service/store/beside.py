"""Reads stores beside the processes that have them open: these go on, and nothing of theirs is changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rocksdict import AccessType, Options, Rdict

from service.commands.ports import StoreBroken
from service.store.rocks import items_of, seal_of
from service.store.shelf import base_name

_ATTEMPTS = 5


class Beside:
    """A store as it was when it was opened, whatever is written since."""

    def __init__(self, path: Path, own: Path) -> None:
        self.path = path
        options = Options(raw_mode=True)
        options.create_if_missing(False)  # noqa: FBT003  # as it is bound
        # Files that its owner removes later are read all the same once they are open.
        options.set_max_open_files(-1)
        families = {name: options for name in Rdict.list_cf(str(path)) if name != "default"}
        access = AccessType.secondary(str(own))
        self._db = Rdict(str(path), options, column_families=families, access_type=access)
        self._spaces = {name: self._db.get_column_family(name) for name in families}
        _, ages = seal_of(self._spaces)
        # One that is named and was not seen has been dropped, or it came meanwhile and is not in what was opened.
        if not (ages.keys() - families.keys()).isdisjoint(Rdict.list_cf(str(path))):
            raise ValueError("spaces came while it was opened")

    def get(self, space: str, key: str) -> bytes | None:
        """The value of a key."""
        there = self._spaces.get(space)
        return None if there is None else there.get(key.encode())

    def items(self, space: str) -> Iterator[tuple[str, bytes]]:
        """All of a space, in the order of their keys."""
        if space in self._spaces:
            yield from items_of(self._spaces[space])

    def close(self) -> None:
        """Let go of it."""
        self._spaces.clear()
        self._db.close()


@contextmanager
def stores_beside(folder: Path, name: str) -> Iterator[list[Beside]]:
    """All stores of this name in a folder of a shelf; raises StoreBroken."""
    opened: list[Beside] = []
    with TemporaryDirectory(prefix="fairlead-") as own:
        try:
            for path in sorted(folder.glob(f"{base_name(name)}.*/CURRENT")):
                opened.append(_open(path.parent, Path(own) / str(len(opened))))
            yield opened
        finally:
            for store in opened:
                store.close()


def _open(path: Path, own: Path) -> Beside:
    left = _ATTEMPTS
    while True:
        try:
            return Beside(path, own)
        # Spaces that come and files that go while it is opened.
        except Exception as error:  # rocksdict raises no narrower one
            shutil.rmtree(own, ignore_errors=True)
            left -= 1
            if not left:
                raise StoreBroken(f"the local store in {path} cannot be read: {error}") from error
