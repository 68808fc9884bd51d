"""The journal read back: an entity's events, and everything in the order of time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from service.postgres.public import Public
from service.projections.questions import Span

_VERSION = "SELECT max(version) AS version FROM {public}.journal WHERE aggregate = $1 AND entity_id = $2"
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
    """Reads the views `journal` and `kept`; its methods raise StoreUnavailable."""

    def __init__(self, views: Public) -> None:
        self._views = views

    async def version(self, aggregate: str, entity_id: str) -> int:
        """The latest version of an entity, 0 where it has none."""
        [row] = await self._views.fetch(_VERSION, aggregate, entity_id)
        return row["version"] or 0

    async def events(self, aggregate: str, entity_id: str, span: Span) -> list[Mapping[str, Any]]:
        """Events in the order of versions."""
        parameters = (aggregate, entity_id, span.after, span.limit)
        if span.until is None:
            return await self._views.fetch(_ALL, *parameters)
        return await self._views.fetch(_UNTIL, *parameters, span.until)

    def export(self, aggregate: str) -> AsyncIterator[Mapping[str, Any]]:
        """All events of an aggregate ordered by time, entity id and version, as they stood when it began."""
        return self._views.stream(_EXPORT, aggregate)
