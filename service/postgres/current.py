"""What an entity is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.postgres.public import Public, parked
from service.projections.answers import State, gone, not_found, put_aside

SHIP = f"""
SELECT ship_id, version, {parked("ships", "'ship'", "ship_id")} AS stale, name, status, current_port, cargo
FROM {{public}}.ships
"""  # noqa: S608  # texts of our own
_USER = f"""
SELECT user_id, version, {parked("accounts", "'user'", "user_id")} AS stale, username, balance, deleted
FROM {{public}}.accounts
"""  # noqa: S608  # as above
_STATES = {"ship": f"{SHIP} WHERE ship_id = $1", "user": f"{_USER} WHERE user_id = $1"}
# The projection that has an aggregate's states.
STATES = {"ship": "ships", "user": "accounts"}


async def current(views: Public, aggregate: str, entity_id: str) -> State:
    """The latest state; raises NotFound, Gone and StoreUnavailable."""
    projection = STATES[aggregate]
    held = parked(projection, f"'{aggregate}'", "$1")
    rows, stale = await views.fetch_told(held, _STATES[aggregate], "version", entity_id)
    if not rows:
        raise not_found(aggregate, entity_id, put_aside(projection) if stale else None)
    row = dict(rows[0])
    if row.pop("deleted", False):
        raise gone(aggregate, entity_id)
    return state_of(row)


def state_of(row: Mapping[str, Any]) -> State:
    """A row of which the first three columns are id, version and whether it is stale."""
    (_, entity_id), (_, version), (_, stale), *fields = row.items()
    return State(entity_id, version, dict(fields), stale)
