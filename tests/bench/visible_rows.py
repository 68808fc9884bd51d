"""Hears from projections that they have moved on, and notes when each was seen to stand where."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import defaultdict
from contextlib import suppress
from time import time
from typing import Any

from service.postgres.names import Names
from service.projections import PROJECTIONS

Place = tuple[str, str, int]  # projection, topic, partition

_QUIET_SECONDS = 2.0


class Watching:
    """Listens on one connection from `begin` on, and asks on it."""

    def __init__(self, connection: Any, prefix: str) -> None:
        self._connection = connection
        self._names = Names(prefix)
        self._moved: set[str] = set()
        self._heard = asyncio.Event()
        self._reached: dict[Place, list[int]] = defaultdict(list)
        self._when: dict[Place, list[float]] = defaultdict(list)
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Listen from now on."""
        await self._connection.add_listener(self._names.channel, self._hear)
        self._task = asyncio.create_task(self._look())

    async def settled(self) -> None:
        """Return once nothing has moved for a while, and listen no more."""
        with suppress(TimeoutError):
            while True:
                await asyncio.wait_for(asyncio.shield(self._heard.wait()), _QUIET_SECONDS)
                await asyncio.sleep(_QUIET_SECONDS)
        if self._task:
            self._task.cancel()

    def offsets(self) -> dict[Place, int]:
        """Where each stands, as far as it was seen."""
        return {place: reached[-1] for place, reached in self._reached.items()}

    def seen(self, place: Place, offset: int) -> float:
        """When the row of a record was seen to be there first, as seconds since 1970."""
        return self._when[place][bisect_right(self._reached[place], offset)]

    def _hear(self, _connection: Any, _process: int, _channel: str, projection: str) -> None:
        self._moved.add(projection)
        self._heard.set()

    async def _look(self) -> None:
        # Of each projection by itself: to ask the public view cost the server more than what is measured.
        queries = {
            name: f"SELECT topic, partition, next_offset FROM {self._names.tables(one.build())}.progress"  # noqa: S608  # a prefix of our own
            for name, one in PROJECTIONS.items()
        }
        while True:
            await self._heard.wait()
            self._heard.clear()
            moved, self._moved = self._moved, set()
            for projection in moved:
                self._note(projection, await self._connection.fetch(queries[projection]))

    def _note(self, projection: str, rows: Any) -> None:
        now = time()
        for topic, partition, reached in rows:
            place = projection, topic, partition
            if not self._reached[place] or self._reached[place][-1] < reached:
                self._reached[place].append(reached)
                self._when[place].append(now)
