"""Which ships there are now: all, or those at a port, in a state, of a name, with something aboard."""

from __future__ import annotations

from service.postgres.current import SHIP, state_of
from service.postgres.public import Public, any_parked
from service.projections.answers import Slice, State, cut
from service.projections.questions import Ships

# Each by an index. In the order of ids, of which as many precede a page as are not asked for between those that are: a
# page is found by going through the ids, or the matches, whichever PostgreSQL takes to be fewer.
_CONDITIONS = {
    "status": "status = {0}",
    "port": "current_port = {0}",
    # Names have at most 200 characters: this is behind each that begins so.
    "name": "name BETWEEN {0} AND {0} || repeat(chr(1114111), 200)",
    "item": "EXISTS (SELECT FROM {{public}}.cargo WHERE cargo.ship_id = ships.ship_id AND item = {0})",
}


async def ships(views: Public, wanted: Ships, after: str, limit: int) -> Slice[State, str]:
    """Up to `limit` ships whose ids come after this one, in the order of ids; raises StoreUnavailable.

    Stale where any ship is parked: by what waits it may be one of them, or none.
    """
    conditions, parameters = ["ship_id > $1"], [after]
    for name, condition in _CONDITIONS.items():
        if (value := getattr(wanted, name)) is not None:
            parameters.append(value)
            conditions.append(condition.format(f"${len(parameters)}::text"))
    query = f"{SHIP} WHERE {' AND '.join(conditions)} ORDER BY ship_id LIMIT {limit + 1:d}"
    rows, stale = await views.fetch_told(any_parked("ships"), query, "ship_id", *parameters)
    return cut([state_of(row) for row in rows], limit, lambda ship: ship.entity_id, stale=stale)
