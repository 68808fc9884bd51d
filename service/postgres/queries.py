"""The questions that people and programs ask, each answered from the projection that knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from service.commands.ports import KeyStore
from service.postgres import fleet, ports, ships, standing, totals
from service.postgres.entities import Entities
from service.postgres.erasures import Erasures
from service.postgres.journal import Journal
from service.postgres.moments import Moments
from service.postgres.names import Names
from service.postgres.outcomes import Outcomes
from service.postgres.pool import Pool
from service.postgres.public import Public
from service.postgres.reveal import Reveal
from service.postgres.settled import settled_commands
from service.postgres.signals import Signals

_REVEAL_ROWS = 1_000

Row = Mapping[str, Any]


class Queries:
    """Reads only; every one raises StoreUnavailable while the database cannot answer."""

    def __init__(self, pool: Pool, names: Names, keys: KeyStore, signals: Signals, *, show_personal_data: bool) -> None:
        views = Public(pool, names)
        moments = Moments(views)
        self._journal = Journal(views)
        reveal = Reveal(keys, Erasures(views), show=show_personal_data)
        self._signals = signals
        self._entities = Entities(views, self._journal, moments, reveal, signals)
        self.state, self.events = self._entities.state, self._entities.events
        self.statement = self._entities.statement
        self.ships = partial(ships.ships, views)
        self.fleet = partial(fleet.fleet, views, moments)
        self.ports, self.port = partial(ports.ports, views), partial(ports.port, views)
        self.throughput = partial(ports.throughput, views)
        self.totals = partial(totals.totals, views)
        self.outcomes = Outcomes(views, signals).of
        self.settled_commands = partial(settled_commands, views)
        self.progress, self.builds = partial(standing.progress, views), partial(standing.builds, views)
        self.ping = partial(views.fetch, "SELECT FROM {public}.progress LIMIT 1")

    async def caught_up(self, projection: str, ends: Mapping[tuple[str, int], int], *, wait_s: float) -> None:
        """Return once a projection has read these (topic, partition) to these offsets; raises TimeoutError."""
        try:
            async with asyncio.timeout(wait_s):
                while True:
                    moved = self._signals.next(projection)
                    rows = [row for row in await self.progress() if row["projection"] == projection]
                    reached = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
                    if all(reached.get(place, 0) >= end for place, end in ends.items()):
                        return
                    await moved.wait()
        except TimeoutError:
            raise TimeoutError(
                f"The projection {projection} has not come level with the log in {wait_s:g} s: see whether "
                f"`fairlead project` runs, and what its /readyz says of {projection}, and try again"
            ) from None

    async def export(self, aggregate: str) -> AsyncIterator[Row]:
        """All events of an aggregate ordered by time, entity id and version, as they stood when it began.

        An event counts as late as any before it of its entity, which is `reached`.
        Raises Incomplete where the journal has parked an entity of theirs.
        """
        batch: list[Row] = []
        async for row in self._journal.export(aggregate):
            batch.append(row)
            if len(batch) == _REVEAL_ROWS:
                for shown in await self._entities.shown(aggregate, batch):
                    yield shown
                batch = []
        for shown in await self._entities.shown(aggregate, batch):
            yield shown
