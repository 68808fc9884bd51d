"""Which command the broker refuses to take the consequences of: a refusal does not name the record."""

from __future__ import annotations

from dataclasses import dataclass, field

_PARTS = 32


@dataclass(slots=True)
class Suspicion:
    """After each refusal fewer commands share a transaction, until one stands alone."""

    refused: dict[int, str] = field(default_factory=dict)
    _until: int = 0
    _size: int = 1

    def limit(self, offset: int, wanted: int) -> int:
        """How many commands from this offset on may share a transaction."""
        return min(self._size, wanted) if offset < self._until else wanted

    def narrow(self, offset: int, next_offset: int, size: int, error: str) -> None:
        """A transaction of so many commands, from offset up to next_offset, was refused."""
        if size == 1:
            self.refused[offset] = error
        self._size = max(1, size // _PARTS)
        self._until = max(self._until, next_offset)

    def clear(self, next_offset: int) -> None:
        """All before next_offset is committed."""
        if self.refused:
            self.refused = {offset: error for offset, error in self.refused.items() if offset >= next_offset}
