"""What became of commands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from service.postgres.arrivals import Arrivals
from service.postgres.public import Public, any_parked
from service.postgres.signals import Signals
from service.projections.answers import NotFound, NotYet, Slice, put_aside
from service.projections.questions import Fresh

MAX_OUTCOMES = 500
_ORDER = 'time, aggregate, partition, "offset"'
# Each reply is a row. One that is not final counts until another is there, but never instead of an outcome; what is
# invalid is so each time that it is sent.
_OUTCOMES = f"""
SELECT aggregate, partition, "offset", entity_id, status, code, message, entity_version, events, time FROM (
    SELECT told.*,
        bool_or(status NOT IN ('busy', 'failed')) OVER entity AS answered,
        max("offset") OVER entity AS last,
        max("offset") OVER (PARTITION BY aggregate, partition, entity_id, status) AS last_of_status
    FROM {{public}}.outcomes AS told WHERE command_id = $1
    WINDOW entity AS (PARTITION BY aggregate, partition, entity_id)
) AS told WHERE CASE
    WHEN status IN ('busy', 'failed') THEN NOT answered AND "offset" = last
    WHEN status = 'invalid' THEN "offset" = last_of_status
    ELSE true
END ORDER BY {_ORDER} LIMIT {MAX_OUTCOMES}
"""  # noqa: S608  # texts of our own
_ANSWERED = "SELECT DISTINCT command_id FROM {public}.outcomes WHERE command_id = ANY($1::text[])"


class Outcomes:
    """However many wait for some, the view is asked for all of them at once each time that it moves on."""

    def __init__(self, views: Public, signals: Signals) -> None:
        self._views = views
        # A command comes to version 1 by its first outcome.
        self._arrivals = Arrivals(signals, "outcomes", self._answered)

    async def of(self, command_id: str, wait_s: float = 0) -> Slice[Mapping[str, Any], str]:
        """What became of the commands with this id, which each entity has to itself, 500 at most.

        Waits up to `wait_s` seconds for the first of them. Stale where any entity is parked: whose command it was, only
        its reply tells. Raises NotFound and StoreUnavailable.
        """
        if wait_s:
            with suppress(NotYet):
                await self._arrivals.reach(command_id, Fresh(1, wait_s))
        rows, stale = await self._views.fetch_told(any_parked("outcomes"), _OUTCOMES, _ORDER, command_id)
        if not rows:
            raise NotFound(f"No outcome of command {command_id} is known", put_aside("outcomes") if stale else None)
        return Slice(rows, None, {"stale": stale})

    async def _answered(self, command_ids: Collection[str]) -> Mapping[str, int]:
        return {row["command_id"]: 1 for row in await self._views.fetch(_ANSWERED, list(command_ids))}
