"""The journal read back: an entity's events, and everything in the order of time, each in its present version."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from fairlead.versions import NewerVersion
from service.domain import AGGREGATES
from service.postgres.public import Public
from service.projections.answers import Incomplete
from service.projections.questions import Span

_VERSION = "SELECT max(version) AS version FROM {public}.journal WHERE aggregate = $1 AND entity_id = $2"
_EVENTS = """
SELECT entity_id, version, event_id, type, time, causation_id, correlation_id, data, schema_version
FROM {public}.journal
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
# Of one moment with what is parked, which is in every row: there is one row at least, of no event where there are none.
# By the running maximum, too, versions of an entity rise.
_EXPORT = """
SELECT held.parked, entity_id, version, event_id, type, time, data, schema_version,
    max(time) OVER (PARTITION BY entity_id ORDER BY version) AS reached
FROM (
    SELECT count(*) AS parked FROM {public}.parked WHERE current AND projection = 'journal' AND aggregate = $1
) AS held LEFT JOIN {public}.journal ON aggregate = $1 ORDER BY reached, entity_id, version
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
            rows = await self._views.fetch(_ALL, *parameters)
        else:
            rows = await self._views.fetch(_UNTIL, *parameters, span.until)
        return [_presented(aggregate, row) for row in rows]

    async def export(self, aggregate: str) -> AsyncIterator[Mapping[str, Any]]:
        """All events of an aggregate ordered by time, entity id and version, as they stood when it began.

        An event counts as late as any before it of its entity, which is `reached`.
        Raises Incomplete where it has parked an entity of theirs: it has read beyond events that it does not have.
        """
        async for row in self._views.stream(_EXPORT, aggregate):
            if row["parked"]:
                raise Incomplete(
                    f"The journal does not have all events of {aggregate} (entities parked there: {row['parked']}): "
                    "`fairlead projections redrive journal` has it take what waits; then try again"
                )
            if row["entity_id"] is not None:
                yield _presented(aggregate, row)


def _presented(aggregate: str, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row with the event in the version that this release knows, or as it was written by a later one."""
    try:
        data, version = AGGREGATES[aggregate].present(row["type"], row["data"], row["schema_version"])
    except NewerVersion:
        return row
    return row if version == row["schema_version"] else {**row, "data": data, "schema_version": version}
