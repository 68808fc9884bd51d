"""What a projection's feed needs from the place where rows are kept, and how that place says no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from service.projections.folding import Write


class OffsetMoved(Exception):
    """Another has brought this partition on: what was read is stale, and nothing of it was written."""


class StoreUnavailable(ConnectionError):
    """The place where rows are kept does not answer, or asks to try again: nothing was written, or all of it."""


class Store(Protocol):
    """The rows of one projection, with the next offset of each of its partitions beside them."""

    async def position(self, topic: str, partition: int, beginning: int) -> int:
        """The next offset, which is `beginning` where the projection has never read; raises StoreUnavailable."""

    async def apply(self, topic: str, partition: int, expected: int, reached: int, writes: Sequence[Write]) -> None:
        """Write all and move the next offset from `expected` to `reached`, or do neither.

        Raises OffsetMoved and StoreUnavailable.
        """
