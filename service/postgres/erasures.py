"""Who was deleted, read from the public view: a reader without any right on the key store can be told that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from service.postgres.public import Public

_FIND = """
SELECT entity_id, version, time FROM {public}.erasures WHERE aggregate = $1 AND entity_id = ANY($2::text[])
"""


@dataclass(frozen=True, slots=True)
class Erasure:
    """The event that ended somebody: its version, and its time in UTC."""

    version: int
    time: datetime


class Erasures:
    """Rows of the view `erasures`; its methods raise StoreUnavailable."""

    def __init__(self, views: Public) -> None:
        self._views = views

    async def find(self, aggregate: str, entity_ids: Collection[str]) -> dict[str, Erasure]:
        """Those of these who were deleted."""
        rows = await self._views.fetch(_FIND, aggregate, sorted(set(entity_ids)))
        return {row["entity_id"]: Erasure(row["version"], row["time"]) for row in rows}
