"""How far entities are, in the projections that readers wait for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from service.domain import AGGREGATES
from service.postgres.arrivals import Arrivals
from service.postgres.public import Public
from service.postgres.signals import Signals

_STATES = {
    ("ships", "ship"): "SELECT ship_id, version FROM {public}.ships WHERE ship_id = ANY($1::text[])",
    ("accounts", "user"): "SELECT user_id, version FROM {public}.accounts WHERE user_id = ANY($1::text[])",
}
_JOURNAL = """
SELECT wanted.id, coalesce((
    SELECT max(version) FROM {{public}}.journal WHERE aggregate = '{aggregate}' AND entity_id = wanted.id
), 0) FROM unnest($1::text[]) AS wanted (id)
"""
_QUERIES = _STATES | {("journal", aggregate): _JOURNAL.format(aggregate=aggregate) for aggregate in AGGREGATES}


def arrivals(views: Public, signals: Signals) -> Mapping[tuple[str, str], Arrivals]:
    """Who waits, by projection and aggregate."""

    def one(projection: str, query: str) -> Arrivals:
        async def versions(entity_ids: Collection[str]) -> Mapping[str, int]:
            rows = await views.fetch(query, list(entity_ids))
            return dict(tuple(row.values()) for row in rows)

        return Arrivals(signals, projection, versions)

    return {place: one(place[0], query) for place, query in _QUERIES.items()}
