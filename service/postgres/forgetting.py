"""What forgetting somebody asks of the database: who it is, that the key is gone, and what speaks of them still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from service.commands.personal import open_sealed
from service.domain import Aggregate
from service.postgres.erasures import Erasure, Erasures
from service.postgres.keys import PostgresKeys
from service.postgres.mentions import Table, mentions, tables_of_ours
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.public import Public
from service.postgres.signals import Signals
from service.projections.erasures import NAME

_TOLD = "SELECT data FROM {public}.journal WHERE aggregate = $1 AND entity_id = $2 AND type = ANY($3::text[])"


class Forgetting:
    """One database; all methods raise StoreUnavailable."""

    def __init__(self, pool: Pool, names: Names, signals: Signals) -> None:
        self.keys = PostgresKeys(pool, names)
        self._pool = pool
        self._names = names
        self._signals = signals
        self._views = Public(pool, names)
        self._erasures = Erasures(self._views)

    async def names_of(self, aggregate: Aggregate, entity_id: str) -> set[str]:
        """What the person was called, as far as the journal has it and the key opens it."""
        key = (await self.keys.find(aggregate.name, [entity_id])).get(entity_id)
        if key is None or key.secret is None:
            return set()
        rows = await self._views.fetch(_TOLD, aggregate.name, entity_id, list(aggregate.personal))
        fields = {name for names in aggregate.personal.values() for name in names}
        sealed = [(name, row["data"][name]) for row in rows for name in fields & row["data"].keys()]
        return {
            open_sealed(key, aggregate.name, entity_id, name, value)
            for name, value in sealed
            if isinstance(value, Mapping) and value.get("kid") == key.kid
        }

    async def erasure(self, aggregate: str, entity_id: str) -> Erasure | None:
        """The event that ended the person, once the projection has it."""
        return (await self._erasures.find(aggregate, [entity_id])).get(entity_id)

    async def erased(self, aggregate: str, entity_id: str, wait_s: float) -> Erasure:
        """The same, once the projection has it and with it has destroyed the key; raises TimeoutError."""
        async with asyncio.timeout(wait_s):
            while True:
                moved = self._signals.next(NAME)
                if found := await self.erasure(aggregate, entity_id):
                    return found
                await moved.wait()

    async def tables(self) -> list[Table]:
        """All that may speak of somebody."""
        return await tables_of_ours(self._pool, self._names)

    def mentions(self, table: Table, entity_id: str) -> AsyncIterator[tuple[int, Sequence[Any]]]:
        """As `mentions`."""
        return mentions(self._pool, table, entity_id)
