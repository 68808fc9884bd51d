"""Ports: who lies there now, and what goes through."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from service.postgres.public import Public, any_parked
from service.projections.answers import NotFound, Slice, cut, put_aside
from service.projections.questions import Days

Row = Mapping[str, Any]

# Sums of what goes through may be larger than any integer that PostgreSQL has.
_PORT = "SELECT port, ships_now, visits, loaded::text, unloaded::text FROM {public}.ports"
_THROUGHPUT = """
SELECT day, item, loaded::text, unloaded::text FROM {public}.throughput
WHERE port = $1 AND (day, item) > ($2, $3) AND day >= $4 AND day <= $5 AND ($6::text IS NULL OR item = $6)
ORDER BY day, item LIMIT $7
"""
_STALE = any_parked("ports")


async def ports(views: Public, after: str, limit: int) -> Slice[Row, str]:
    """Up to `limit` ports whose names come after this one, in the order of names; raises StoreUnavailable."""
    query = f"{_PORT} WHERE port > $1 ORDER BY port LIMIT $2"
    rows, stale = await views.fetch_told(_STALE, query, "port", after, limit + 1)
    found = [{**_whole(row), "stale": stale} for row in rows]
    return cut(found, limit, lambda port: str(port["port"]), stale=stale)


async def port(views: Public, name: str) -> Row:
    """One port; raises NotFound and StoreUnavailable."""
    rows, stale = await views.fetch_told(_STALE, f"{_PORT} WHERE port = $1", "port", name)
    if not rows:
        raise NotFound(f"No ship has docked at {name}", put_aside("ports") if stale else None)
    return {**_whole(rows[0]), "stale": stale}


async def throughput(views: Public, name: str, days: Days, after: tuple[date, str], limit: int) -> Slice[Row, str]:
    """Up to `limit` items by day and item behind this one, in their order; as `port`."""
    wanted = (name, *after, days.first, days.last, days.item, limit + 1)
    rows, stale = await views.fetch_told(_STALE, _THROUGHPUT, "day, item", *wanted)
    if not rows:
        await port(views, name)
    return cut([_whole(row) for row in rows], limit, lambda row: f"{row['day']} {row['item']}", stale=stale)


def _whole(row: Row) -> dict[str, Any]:
    return {**row, "loaded": int(row["loaded"]), "unloaded": int(row["unloaded"])}
