"""Who was deleted, read from the public view: a reader without any right on the key store can be told that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from service.postgres.names import Names
from service.postgres.pool import Pool, reading_faults


@dataclass(frozen=True, slots=True)
class Erasure:
    """The event that ended somebody: its version, and its time in UTC."""

    version: int
    time: datetime


class Erasures:
    """Rows of the view `erasures`; its methods raise StoreUnavailable."""

    def __init__(self, pool: Pool, names: Names) -> None:
        self._pool = pool
        self._find = f"""
            SELECT entity_id, version, time FROM {names.public}.erasures
            WHERE aggregate = $1 AND entity_id = ANY($2::text[])
        """  # noqa: S608  # names are our own

    async def find(self, aggregate: str, entity_ids: Collection[str]) -> dict[str, Erasure]:
        """Those of these who were deleted."""
        with reading_faults():
            rows = await self._pool.fetch(self._find, aggregate, sorted(set(entity_ids)))
        return {entity_id: Erasure(version, time) for entity_id, version, time in rows}
