"""Thousands of waits end in time with few timers: one of its own for each took 7 % of the client's time."""

from __future__ import annotations

import asyncio
from math import inf
from typing import Any

# So much later than it should a wait may end.
_TICK = 0.02

Due = set[asyncio.Future[Any]]


class Deadlines:
    """The waits of one event loop."""

    def __init__(self) -> None:
        self._due: dict[int, Due] = {}

    def add(self, wait: asyncio.Future[Any], deadline: float) -> Due:
        """Give it a TimeoutError at this time of the loop; until it is discarded from what is returned."""
        if deadline == inf:
            return {wait}
        tick = int(deadline / _TICK) + 1
        due = self._due.get(tick)
        if due is None:
            due = self._due[tick] = set()
            asyncio.get_running_loop().call_at(tick * _TICK, self._expire, tick)
        due.add(wait)
        return due

    def _expire(self, tick: int) -> None:
        for wait in self._due.pop(tick):
            if not wait.done():
                wait.set_exception(TimeoutError())
