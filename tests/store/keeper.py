"""Another process with a store: it writes without end, keeps one open and does as it is told, or has one of its own."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from service.store.shelf import RocksShelf, open_shelf

SPACES, KEYS = ("one", "two"), 200


def write(folder: Path) -> None:
    """One write after the other, each of the same number everywhere, told once it is made."""
    store = RocksShelf(folder).open("one")
    for number in count(1):
        value = str(number).encode() * 20
        store.write([(space, str(key), value) for space in SPACES for key in range(KEYS)], [("one", "never")])
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def keep(folder: Path) -> None:
    """Put the value of each line that comes, and tell what was there before."""
    store = RocksShelf(folder).open("one")
    for line in sys.stdin:
        before = store.get("one", "a") or b""
        store.write([("one", "a", line.strip().encode())], [])
        sys.stdout.write(f"{before.decode()}\n")
        sys.stdout.flush()


def pass_(_: Path) -> None:
    """Have one that is to be gone with the process, and tell once it is there."""
    with open_shelf(None) as shelf:
        shelf.open("one").write([("one", "a", b"1")], [])
        sys.stdout.write("there\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    {"write": write, "keep": keep, "pass": pass_}[sys.argv[1]](Path(sys.argv[2]))
