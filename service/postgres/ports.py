"""Ports: who lies there now, and what goes through."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from service.postgres.public import Public, any_parked
from service.projections.answers import NotFound, Slice, cut
from service.projections.questions import Days

Row = Mapping[str, Any]

# Sums of what goes through may be larger than any integer that PostgreSQL has.
_PORT = f"""
SELECT port, ships_now, visits, loaded::text, unloaded::text, {any_parked("ports")} AS stale FROM {{public}}.ports
"""  # noqa: S608  # texts of our own
_THROUGHPUT = f"""
SELECT day, item, loaded::text, unloaded::text, {any_parked("ports")} AS stale FROM {{public}}.throughput
WHERE port = $1 AND (day, item) > ($2, $3) AND day >= $4 AND day <= $5 AND ($6::text IS NULL OR item = $6)
ORDER BY day, item LIMIT $7
"""  # noqa: S608  # as above


async def ports(views: Public, after: str, limit: int) -> Slice[Row, str]:
    """Up to `limit` ports whose names come after this one, in the order of names; raises StoreUnavailable."""
    rows = await views.fetch(f"{_PORT} WHERE port > $1 ORDER BY port LIMIT $2", after, limit + 1)
    return cut([_whole(row) for row in rows], limit, lambda port: str(port["port"]))


async def port(views: Public, name: str) -> Row:
    """One port; raises NotFound and StoreUnavailable."""
    rows = await views.fetch(f"{_PORT} WHERE port = $1", name)
    if not rows:
        raise NotFound(f"No ship has docked at {name}")
    return _whole(rows[0])


async def throughput(views: Public, name: str, days: Days, after: tuple[date, str], limit: int) -> Slice[Row, str]:
    """Up to `limit` items by day and item behind this one, in their order; as `port`."""
    rows = await views.fetch(_THROUGHPUT, name, *after, days.first, days.last, days.item, limit + 1)
    if not rows:
        await port(views, name)
    found = [_whole(row) for row in rows]
    stale = any(row.pop("stale") for row in found)
    return cut(found, limit, lambda row: f"{row['day']} {row['item']}", stale=stale)


def _whole(row: Row) -> dict[str, Any]:
    return {**row, "loaded": int(row["loaded"]), "unloaded": int(row["unloaded"])}
