"""What a projection's feed needs from the place where rows are kept, and how that place says no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from service.projections.batch import Batch, RowsRefused

__all__ = ["OffsetMoved", "RowsRefused", "Standing", "Store", "StoreUnavailable"]


class OffsetMoved(Exception):
    """Another has brought this partition on: what was read is stale, and nothing of it was written."""


class StoreUnavailable(ConnectionError):
    """The place where rows are kept does not answer, or asks to try again: nothing was written, or all of it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a partition stands: what is read next, and whose messages wait.

    `turn` counts how often another than its reader has changed what waits.
    """

    next_offset: int
    turn: int = 0
    parked: frozenset[str] = frozenset()


class Store(Protocol):
    """The rows of one build of a projection, with where each of its partitions stands beside them."""

    async def standing(self, topic: str, partition: int, beginning: int) -> Standing:
        """Where a partition stands, which is at `beginning` if it was never read.

        Raises StoreUnavailable, and RowsRefused where it cannot take over what is known of messages before that.
        """

    async def apply(self, topic: str, partition: int, since: Standing, reached: int, batch: Batch) -> Standing:
        """Write and park all and move the next offset to `reached`, or do neither; where it stands then.

        Raises OffsetMoved where it no longer stands at `since`, RowsRefused, and StoreUnavailable.
        """
