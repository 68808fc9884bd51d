"""The public views, read with one name for everything that passes by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from service.postgres.names import Names
from service.postgres.pool import Pool, reading_faults, soon

_FETCH_ROWS = 1_000
# All of it may have to be sorted before the first row comes.
_STREAM_SECONDS = 3_600.0
# One row at least, of nulls where the query has none.
_TOLD = """
SELECT told.any_stale, found.* FROM (SELECT {stale} AS any_stale) AS told
LEFT JOIN (SELECT true AS is_row, of_query.* FROM ({query}) AS of_query) AS found ON true ORDER BY {order}
"""
_BESIDE = ("any_stale", "is_row")


class Public:
    """Queries of them say `{public}` for their schema."""

    def __init__(self, pool: Pool, names: Names) -> None:
        self._pool = pool
        self._public = names.public

    async def fetch(self, query: str, *parameters: Any) -> list[Mapping[str, Any]]:
        """All rows; raises StoreUnavailable, also where others have all connections for long."""
        with reading_faults():
            async with soon(self._pool) as connection:
                rows = await connection.fetch(query.format(public=self._public), *parameters)
        return [dict(row) for row in rows]

    async def fetch_told(
        self, stale: str, query: str, order: str, *parameters: Any
    ) -> tuple[list[Mapping[str, Any]], bool]:
        """All rows of a query in an order, and whether they are `stale`, which is SQL, also where there are none.

        Both are of one moment. Raises StoreUnavailable.
        """
        found = await self.fetch(_TOLD.format(stale=stale, query=query, order=order), *parameters)
        rows: list[Mapping[str, Any]] = [
            {name: row[name] for name in row if name not in _BESIDE} for row in found if row["is_row"]
        ]
        return rows, bool(found[0]["any_stale"])

    async def stream(self, query: str, *parameters: Any) -> AsyncIterator[Mapping[str, Any]]:
        """All rows, however many, as they stood when it began; raises StoreUnavailable."""
        with reading_faults():
            async with (
                soon(self._pool) as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                text = query.format(public=self._public)
                cursor: Any = connection.cursor(text, *parameters, prefetch=_FETCH_ROWS, timeout=_STREAM_SECONDS)
                async for row in cursor:
                    yield dict(row)


def parked(projection: str, aggregate: str, entity_id: str) -> str:
    """SQL: whether this projection has parked an entity, whose rows are then old; both of its names are expressions."""
    return f"""EXISTS (
        SELECT FROM {{public}}.parked WHERE parked.current AND parked.projection = '{projection}'
            AND parked.aggregate = {aggregate} AND parked.entity_id = {entity_id}
    )"""


def any_parked(*projections: str, aggregate: str | None = None) -> str:
    """SQL: whether any of these projections has parked any entity, of this aggregate where one is named."""
    names = ", ".join(f"'{name}'" for name in projections)
    of = "" if aggregate is None else f" AND parked.aggregate = '{aggregate}'"
    return f"EXISTS (SELECT FROM {{public}}.parked WHERE parked.current AND parked.projection IN ({names}){of})"
