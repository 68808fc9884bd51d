"""The fleet as it was at a time, by the states of its ships then."""

from __future__ import annotations

from datetime import datetime

from service.postgres.folded import FOLDINGS
from service.postgres.moments import Moments
from service.postgres.public import Public, any_parked
from service.projections.answers import Slice, State

# One ship costs up to KEPT_EVERY events, so that not many more than this are folded for a page, which then is shorter.
_EVENTS = 10_000
_AT_ONCE = 20

_THERE = """
SELECT entity_id FROM {public}.journal
WHERE aggregate = 'ship' AND version = 1 AND time <= $1 AND entity_id > $2 ORDER BY entity_id LIMIT $3
"""


async def fleet(views: Public, moments: Moments, at: datetime, after: str, limit: int) -> Slice[State, str]:
    """Up to `limit` ships that there were at that time, inclusive, in the order of ids; raises StoreUnavailable.

    Stale where the journal has parked any ship, or one of these cannot be folded.
    """
    folding = FOLDINGS["ship"]
    parked = any_parked("journal", aggregate="ship")
    rows, stale = await views.fetch_told(parked, _THERE, "entity_id", at, after, limit + 1)
    there = [row["entity_id"] for row in rows]
    ids, seen, events = there[:limit], 0, 0
    items: list[State] = []
    while seen < len(ids) and events < _EVENTS:
        some = ids[seen : seen + _AT_ONCE]
        then = await moments.states("ship", some, at)
        for ship_id in some:
            folded = then[ship_id]
            # None of one of which not even the first event can be folded: nothing is known of it.
            if (fields := folding.render(folded)) is not None:
                items.append(State(ship_id, folded.version, fields, folded.stale))
            stale |= folded.stale
            events += folded.since
        seen += len(some)
    return Slice(items, ids[seen - 1] if seen < len(there) else None, {"stale": stale})
