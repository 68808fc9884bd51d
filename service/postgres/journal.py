"""The journal read back: an entity's events, and everything in the order of time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from service.postgres.names import Names
from service.postgres.pool import Pool, reading_faults
from service.projections.questions import Span

_FETCH_ROWS = 1_000

_VERSION = "SELECT max(version) FROM {public}.journal WHERE aggregate = $1 AND entity_id = $2"
_EVENTS = """
SELECT entity_id, version, event_id, type, time, causation_id, correlation_id, data FROM {public}.journal
WHERE aggregate = $1 AND entity_id = $2 AND version > $3
"""
_ALL = f"{_EVENTS} ORDER BY version LIMIT $4"
# Times of imported events need not rise: what counts is their running maximum. Where that passes a time is looked for
# from the last kept state on that has not passed it, since a long history would be read to its end for it.
_UNTIL = f"""{_EVENTS} AND version < coalesce((
    SELECT min(version) FROM {{public}}.journal WHERE aggregate = $1 AND entity_id = $2 AND time > $5
        AND version > coalesce((
            SELECT version FROM {{public}}.kept WHERE aggregate = $1 AND entity_id = $2 AND reached <= $5
            ORDER BY reached DESC, version DESC LIMIT 1
        ), 0)
), {2**63 - 1}) ORDER BY version LIMIT $4
"""  # noqa: S608  # texts of our own
_EXPORT = """
SELECT entity_id, version, event_id, type, time, data FROM {public}.journal
WHERE aggregate = $1 ORDER BY time, entity_id, version
"""


class Journal:
    """Rows of the view `journal`; its methods raise StoreUnavailable."""

    def __init__(self, pool: Pool, names: Names) -> None:
        self._pool = pool
        self._version, self._all, self._until, self._export = (
            query.format(public=names.public) for query in (_VERSION, _ALL, _UNTIL, _EXPORT)
        )

    async def version(self, aggregate: str, entity_id: str) -> int:
        """The latest version of an entity, 0 where it has none."""
        with reading_faults():
            return await self._pool.fetchval(self._version, aggregate, entity_id) or 0

    async def events(self, aggregate: str, entity_id: str, span: Span) -> list[Mapping[str, Any]]:
        """Events in the order of versions."""
        parameters = (aggregate, entity_id, span.after, span.limit)
        with reading_faults():
            if span.until is None:
                rows = await self._pool.fetch(self._all, *parameters)
            else:
                rows = await self._pool.fetch(self._until, *parameters, span.until)
        return [dict(row) for row in rows]

    async def export(self, aggregate: str) -> AsyncIterator[Mapping[str, Any]]:
        """All events of an aggregate ordered by time, entity id and version, as they stood when it began."""
        with reading_faults():
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                cursor: Any = connection.cursor(self._export, aggregate, prefetch=_FETCH_ROWS)
                async for row in cursor:
                    yield dict(row)
