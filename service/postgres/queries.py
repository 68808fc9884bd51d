"""The questions that people and programs ask, each answered from the projection that knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from service.commands.ports import KeyStore
from service.postgres.current import STATES, Current
from service.postgres.erasures import Erasures
from service.postgres.journal import Journal, not_found
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.reveal import Reveal
from service.postgres.signals import Signals
from service.projections.answers import NotYet, State

_REVEAL_ROWS = 1_000

Version = Callable[[str, str], Awaitable[int]]


class Queries:
    """Reads only; every method raises StoreUnavailable while the database cannot answer."""

    def __init__(self, pool: Pool, names: Names, keys: KeyStore, signals: Signals, *, show_personal_data: bool) -> None:
        current = Current(pool, names)
        self._current = current
        self._journal = Journal(pool, names)
        self._reveal = Reveal(keys, Erasures(pool, names), show=show_personal_data)
        self._signals = signals
        self.ships, self.ports, self.port = current.ships, current.ports, current.port
        self.outcomes, self.progress, self.ping = current.outcomes, current.progress, current.ping

    async def state(  # noqa: PLR0913  # when, and how new at least, are independent
        self,
        aggregate: str,
        entity_id: str,
        *,
        at: datetime | None = None,
        version: int | None = None,
        min_version: int = 0,
        wait_s: float = 0,
    ) -> State:
        """An entity's state now, at a time (inclusive) or at a version.

        Waits up to `wait_s` seconds for the projection to have `min_version`.
        Raises NotFound, Gone, and NotYet when it has not come in time.
        """
        then = at is not None or version is not None
        source: Journal | Current = self._journal if then else self._current
        projection = "journal" if then else STATES[aggregate]
        if min_version:
            await self._reach(source.version, projection, aggregate, entity_id, min_version, wait_s)
        if then:
            state = await self._journal.state(aggregate, entity_id, at=at, version=version)
        else:
            state = await self._current.state(aggregate, entity_id)
        [fields] = await self._reveal.reveal(aggregate, [(entity_id, state.fields)])
        return State(entity_id, state.version, fields)

    async def _reach(  # noqa: PLR0913  # as above
        self, version: Version, projection: str, aggregate: str, entity_id: str, wanted: int, wait_s: float
    ) -> None:
        deadline = asyncio.get_running_loop().time() + wait_s
        while True:
            moved = self._signals.next(projection)
            reached = await version(aggregate, entity_id)
            if reached >= wanted:
                return
            try:
                async with asyncio.timeout_at(deadline):
                    await moved.wait()
            except TimeoutError:
                raise NotYet(reached) from None

    async def caught_up(self, projection: str, ends: Mapping[tuple[str, int], int], *, wait_s: float) -> None:
        """Return once a projection has read these (topic, partition) to these offsets; raises TimeoutError."""
        async with asyncio.timeout(wait_s):
            while True:
                moved = self._signals.next(projection)
                rows = [row for row in await self.progress() if row["projection"] == projection]
                reached = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
                if all(reached.get(place, 0) >= end for place, end in ends.items()):
                    return
                await moved.wait()

    async def events(
        self, aggregate: str, entity_id: str, *, after: int = 0, until: datetime | None = None, limit: int
    ) -> list[dict[str, Any]]:
        """Up to `limit` events beyond version `after`, as they were by `until`; raises NotFound for an unknown entity.

        `until` is inclusive, and meant for the running maximum of the entity's event times.
        """
        rows = await self._journal.events(aggregate, entity_id, after=after, until=until, limit=limit)
        if not rows and not await self._journal.version(aggregate, entity_id):
            raise not_found(aggregate, entity_id)
        revealed = await self._reveal.reveal(aggregate, [(entity_id, row["data"]) for row in rows])
        return [{**row, "data": data} for row, data in zip(rows, revealed, strict=True)]

    async def export(self, aggregate: str) -> AsyncIterator[Mapping[str, Any]]:
        """All events of an aggregate ordered by time, entity id and version, as they stood when it began."""
        batch: list[Mapping[str, Any]] = []
        async for row in self._journal.export(aggregate):
            batch.append(row)
            if len(batch) == _REVEAL_ROWS:
                for shown in await self._shown(aggregate, batch):
                    yield shown
                batch = []
        for shown in await self._shown(aggregate, batch):
            yield shown

    async def _shown(self, aggregate: str, rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
        revealed = await self._reveal.reveal(aggregate, [(row["entity_id"], row["data"]) for row in rows])
        return [{**row, "data": data} for row, data in zip(rows, revealed, strict=True)]
