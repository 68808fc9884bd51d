"""A build that is made beside others need not take all that broker and database can do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from service.projections.stored import Record
from service.projections.taking import Taking

_PORTION_SECONDS = 0.25


class Pace:
    """A bucket that fills with so many records per second, shared by all who draw from it."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._full_at = 0.0

    @property
    def portion(self) -> int:
        """How many records are to be taken at once, so that the load is even."""
        return max(1, int(self._per_second * _PORTION_SECONDS))

    async def draw(self, records: int) -> None:
        """Return once so many records may be taken, those drawn before included."""
        now = asyncio.get_running_loop().time()
        begins = max(now, self._full_at)
        self._full_at = begins + records / self._per_second
        await asyncio.sleep(begins - now)


class PacedTaking(Taking):
    """Takes in portions, and no faster than the pace allows."""

    def __init__(self, pace: Pace, *place: Any) -> None:
        super().__init__(*place)
        self._pace = pace

    async def take(self, records: Sequence[Record], reached: int) -> None:
        """As Taking."""
        portion = self._pace.portion
        for start in range(0, max(1, len(records)), portion):
            part, rest = records[start : start + portion], records[start + portion :]
            await self._pace.draw(len(part))
            await super().take(part, rest[0].offset if rest else reached)
