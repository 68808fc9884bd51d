"""The journal read back: an entity's events, its state at any moment, and everything in the order of time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from service.domain import AGGREGATES
from service.postgres.names import Names
from service.postgres.pool import Pool, reading_faults
from service.projections.answers import Gone, NotFound, State

_FETCH_ROWS = 1_000
_EVER = 2**63 - 1


def not_found(aggregate: str, entity_id: str) -> NotFound:
    """The domain's own words."""
    return NotFound(f"{aggregate.capitalize()} with ID {entity_id} not found")


def gone(aggregate: str, entity_id: str) -> Gone:
    """The domain's own words."""
    return Gone(f"{aggregate.capitalize()} with ID {entity_id} was deleted")


class Journal:
    """Rows of the view `journal`; its methods raise StoreUnavailable."""

    def __init__(self, pool: Pool, names: Names) -> None:
        self._pool = pool
        view = f"{names.public}.journal"
        self._version = f"SELECT max(version) FROM {view} WHERE aggregate = $1 AND entity_id = $2"  # noqa: S608  # names are our own
        # Times of imported events need not rise: what counts is their running maximum.
        self._events = f"""
            SELECT entity_id, version, event_id, type, time, causation_id, correlation_id, data FROM {view}
            WHERE aggregate = $1 AND entity_id = $2 AND version > $3 AND version <= $4 AND version < coalesce((
                SELECT min(version) FROM {view} WHERE aggregate = $1 AND entity_id = $2 AND time > $5
            ), {_EVER})
            ORDER BY version LIMIT $6
        """  # noqa: S608  # as above
        self._export = f"""
            SELECT entity_id, version, event_id, type, time, data FROM {view}
            WHERE aggregate = $1 ORDER BY time, entity_id, version
        """  # noqa: S608  # as above

    async def version(self, aggregate: str, entity_id: str) -> int:
        """The latest version of an entity, 0 where it has none."""
        with reading_faults():
            return await self._pool.fetchval(self._version, aggregate, entity_id) or 0

    async def events(
        self, aggregate: str, entity_id: str, *, after: int, until: datetime | None, limit: int
    ) -> list[Mapping[str, Any]]:
        """Up to `limit` events beyond version `after`, as they were by `until`, inclusive."""
        with reading_faults():
            rows = await self._pool.fetch(self._events, aggregate, entity_id, after, _EVER, until, limit)
        return [dict(row) for row in rows]

    async def state(self, aggregate: str, entity_id: str, *, at: datetime | None, version: int | None) -> State:
        """The state at a version, or at a time; raises NotFound and Gone."""
        rules = AGGREGATES[aggregate]
        state, reached = rules.initial, 0
        with reading_faults():
            async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                last = _EVER if version is None else version
                rows = connection.cursor(self._events, aggregate, entity_id, 0, last, at, _EVER, prefetch=_FETCH_ROWS)
                async for row in rows:
                    state = rules.evolve(state, rules.read_event(row["type"], row["data"]))
                    reached = row["version"]
        if not reached:
            raise not_found(aggregate, entity_id)
        if version is not None and reached < version:
            raise NotFound(f"{aggregate.capitalize()} with ID {entity_id} has no version {version}")
        fields = rules.render(state)
        if fields is None:
            raise gone(aggregate, entity_id)
        return State(entity_id, reached, fields)

    async def export(self, aggregate: str) -> AsyncIterator[Mapping[str, Any]]:
        """All events of an aggregate ordered by time, entity id and version, as they stood when it began."""
        with reading_faults():
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                cursor: Any = connection.cursor(self._export, aggregate, prefetch=_FETCH_ROWS)
                async for row in cursor:
                    yield dict(row)
