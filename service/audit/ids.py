"""The ids of an entity's events, sixteen bytes each: of long histories nothing else is kept."""

from __future__ import annotations

from uuid import UUID

_BYTES = 16


class Ids:
    """A list of UUIDs in canonical form that only grows."""

    def __init__(self) -> None:
        self._raw = bytearray()

    def append(self, id_: str) -> None:
        """Add one to the end."""
        self._raw += UUID(id_).bytes

    def __len__(self) -> int:
        return len(self._raw) // _BYTES

    def __getitem__(self, at: int) -> str:
        if not 0 <= at < len(self):
            raise IndexError(at)
        return str(UUID(bytes=bytes(self._raw[at * _BYTES : (at + 1) * _BYTES])))
