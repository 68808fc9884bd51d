"""A store in memory, held to the one on disk by the same suite."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from service.commands.ports import Put


class MemoryStore:
    """Spaces of keys as dicts."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, bytes]] = {}

    def get(self, space: str, key: str) -> bytes | None:
        """The value of a key."""
        return self.kept.get(space, {}).get(key)

    def get_many(self, space: str, keys: Sequence[str]) -> list[bytes | None]:
        """The value of each of these keys."""
        there = self.kept.get(space, {})
        return [there.get(key) for key in keys]

    def items(self, space: str, after: str = "") -> Iterator[tuple[str, bytes]]:
        """All of a space as it is now, in the order of their keys, those behind one."""
        return iter(sorted(item for item in self.kept.get(space, {}).items() if item[0] > after))

    def count(self, space: str) -> int:
        """How many keys a space has."""
        return len(self.kept.get(space, {}))

    def spaces(self) -> Collection[str]:
        """Those that hold something, or did."""
        return [*self.kept]

    def write(self, puts: Collection[Put], deletes: Collection[tuple[str, str]]) -> None:
        """All of this or nothing."""
        for space, key, value in puts:
            self.kept.setdefault(space, {})[key] = value
        for space, key in deletes:
            self.kept.get(space, {}).pop(key, None)

    def drop(self, space: str) -> None:
        """Forget a space."""
        self.kept.pop(space, None)

    def renew(self) -> None:
        """Forget everything."""
        self.kept.clear()

    def close(self) -> None:
        """Nothing is held."""


class MemoryShelf:
    """Stores that last as long as whoever holds them."""

    boot = "boot"

    def open(self, _: str) -> MemoryStore:
        """An empty one."""
        return MemoryStore()
