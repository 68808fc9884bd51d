"""All there is, counted and summed."""

from __future__ import annotations

from typing import Any

from service.postgres.public import Public, any_parked

# Sums may be larger than any integer that PostgreSQL has: they travel as text. A closed account has no balance.
_TOTALS = f"""
SELECT
    (SELECT coalesce(jsonb_object_agg(status, ships), '{{{{}}}}') FROM (
        SELECT status, count(*) AS ships FROM {{public}}.ships WHERE status IS NOT NULL GROUP BY status
    ) AS by_status) AS ships,
    (SELECT coalesce(jsonb_object_agg(item, quantity::text), '{{{{}}}}') FROM (
        SELECT item, sum(quantity) AS quantity FROM {{public}}.cargo GROUP BY item
    ) AS by_item) AS cargo,
    (SELECT count(*) FROM {{public}}.ports) AS ports,
    accounts.*,
    {any_parked("ships", "ports", "accounts")} AS stale
FROM (
    SELECT count(*) FILTER (WHERE NOT deleted) AS accounts, count(*) FILTER (WHERE deleted) AS closed_accounts,
        coalesce(sum(balance) FILTER (WHERE NOT deleted), 0)::text AS balances
    FROM {{public}}.accounts
) AS accounts
"""  # noqa: S608  # texts of our own


async def totals(views: Public) -> dict[str, Any]:
    """Ships by status, cargo by item, how many ports and accounts, the sum of balances; raises StoreUnavailable."""
    [row] = await views.fetch(_TOTALS)
    cargo = {item: int(quantity) for item, quantity in sorted(row["cargo"].items())}
    return {**row, "ships": dict(sorted(row["ships"].items())), "cargo": cargo, "balances": int(row["balances"])}
