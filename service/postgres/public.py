"""The public views, read with one name for everything that passes by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from service.postgres.names import Names
from service.postgres.pool import Pool, reading_faults, soon

_FETCH_ROWS = 1_000
# All of it may have to be sorted before the first row comes.
_STREAM_SECONDS = 3_600.0


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


def any_parked(*projections: str) -> str:
    """SQL: whether any of these projections has parked any entity."""
    names = ", ".join(f"'{name}'" for name in projections)
    return f"EXISTS (SELECT FROM {{public}}.parked WHERE parked.current AND parked.projection IN ({names}))"
