"""Readers that wait for a version: however many, the projection is asked once each time that it moves on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from service.postgres.signals import Signals
from service.projections.answers import NotYet
from service.projections.questions import Fresh

Versions = Callable[[Collection[str]], Awaitable[Mapping[str, int]]]


@dataclass(eq=False, slots=True)
class _Reader:
    entity_id: str
    wanted: int
    reached: int
    there: asyncio.Future[None]


class Arrivals:
    """Of the entities of one projection, whose versions can be asked for many at once."""

    def __init__(self, signals: Signals, projection: str, versions: Versions) -> None:
        self._signals = signals
        self._projection = projection
        self._versions = versions
        self._readers: set[_Reader] = set()
        self._came = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    async def reach(self, entity_id: str, fresh: Fresh) -> None:
        """Return once the entity has come to this version; raises NotYet when it has not in time."""
        reached = (await self._versions([entity_id])).get(entity_id, 0)
        if reached >= fresh.version:
            return
        if not fresh.wait_s:
            raise NotYet(reached)
        reader = _Reader(entity_id, fresh.version, reached, asyncio.get_running_loop().create_future())
        self._readers.add(reader)
        self._came.set()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name=f"arrivals of {self._projection}")
        try:
            async with asyncio.timeout(fresh.wait_s):
                await reader.there
        except TimeoutError:
            raise NotYet(reader.reached) from None
        finally:
            self._readers.discard(reader)

    async def _look(self) -> None:
        while waiting := [reader for reader in self._readers if not reader.there.done()]:
            # Asked for first: what moves while we look makes us look again.
            moved = self._signals.next(self._projection)
            self._came.clear()
            try:
                versions = await self._versions({reader.entity_id for reader in waiting})
            except Exception as error:  # noqa: BLE001  # whoever waits is told, as if it had asked itself
                for reader in waiting:
                    _tell(reader, error)
                continue
            for reader in waiting:
                reader.reached = versions.get(reader.entity_id, 0)
                if reader.reached >= reader.wanted:
                    _tell(reader)
            await _either(moved, self._came)


def _tell(reader: _Reader, error: Exception | None = None) -> None:
    if reader.there.done():
        return
    if error is None:
        reader.there.set_result(None)
    else:
        reader.there.set_exception(error)


async def _either(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
