"""All rows, how far each projection is, and the keys, as the database shows them at one moment; nothing is written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from service.audit.records import DataKey, Json
from service.audit.report import Report
from service.audit.rows import COLUMNS
from service.audit.tables import Suspect, Tables
from service.postgres.names import Names
from service.postgres.pool import Connection, Pool, passing_faults

_FETCH_ROWS, _SORT_SECONDS = 2_000, 3_600.0
_PARKED = "projection, aggregate, entity_id, partition"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Which rows are of an aggregate; in the order of their numbers where these have wide gaps.
_OF = {"accounts": "$1 = 'user'"} | dict.fromkeys(("ships", "cargo", "ports", "throughput"), "$1 = 'ship'")
_ORDER = {"outcomes": 'ORDER BY partition, "offset"'}
_BY = {
    "journal": "aggregate = $1 AND entity_id = $2 AND version = $3",
    "kept": "aggregate = $1 AND entity_id = $2 AND version = $3",
    "outcomes": 'aggregate = $1 AND partition = $2 AND "offset" = $3',
}
# A reader's role may not see keys.
_MAY_READ = """
SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'keys'
"""
# A key that was written before we looked may have been committed after; none takes so long.
_LATE = timedelta(minutes=10)

Progress = Callable[[int, int], None]


class Audited:
    """Reads for an audit; all raise StoreUnavailable."""

    def __init__(self, pool: Pool, names: Names) -> None:
        self._pool = pool
        self._names = names
        self._public = names.public
        self._looked = datetime.now(UTC)

    async def tables(self, report: Report, aggregates: Collection[str], progress: Progress) -> Tables:
        """Everything of these aggregates, of the builds that are shown now; `progress` hears rows done of about all."""
        with passing_faults():
            async with self._snapshot() as connection:
                self._looked = await connection.fetchval("SELECT now()")
                shown = {row["table_name"] for row in await self._shown(connection)}
                views = [name for name in COLUMNS if name in shown]
                keys = await self._keys(connection) if "user" in aggregates else None
                parked = await self._parked(connection) if "parked" in shown else {}
                at = await self._progress(connection) if "progress" in shown else {}
                found = Tables(views, at, parked, keys)
                total, done = sum([await self._estimate(connection, name) for name in views]), 0
                for name in views:
                    for aggregate in aggregates:
                        async for row in self._rows(connection, name, aggregate):
                            found.add(report, name, row)
                            done += 1
                            if done % _FETCH_ROWS == 0:
                                progress(done, max(total, done))
                progress(done, done)
                return found

    async def late_keys(self, known: Mapping[str, DataKey]) -> dict[str, DataKey]:
        """The keys that came since the rows were read."""
        query = f"SELECT entity_id, kid, key FROM {self._names.keys}.keys WHERE aggregate = 'user' AND created_at > $1"  # noqa: S608  # the schema is our own
        with passing_faults():
            rows = await self._pool.fetch(query, self._looked - _LATE)
        return {id_: key for id_, key in _keys(rows).items() if id_ not in known}

    async def row(self, suspect: Suspect) -> Json | None:
        """The row as it is now, None where it is no longer there."""
        query = f"SELECT {COLUMNS[suspect.view]} FROM {self._public}.{suspect.view} WHERE {_BY[suspect.view]}"  # noqa: S608  # names are our own
        with passing_faults():
            row = await self._pool.fetchrow(query, *suspect.identity)
        return None if row is None else _row(row)

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Connection]:
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection

    async def _shown(self, connection: Connection) -> Sequence[Mapping[str, Any]]:
        schema = f"{self._names.prefix}fairlead"
        query = "SELECT table_name FROM information_schema.views WHERE table_schema = $1"
        rows: Sequence[Mapping[str, Any]] = await connection.fetch(query, schema)
        return rows

    async def _keys(self, connection: Connection) -> dict[str, DataKey] | None:
        table = f"{self._names.keys}.keys"
        if not await connection.fetchval(_MAY_READ, f"{self._names.prefix}fairlead_keys"):
            return None
        query = f"SELECT entity_id, kid, key FROM {table} WHERE aggregate = 'user'"  # noqa: S608  # the schema is our own
        return _keys(await connection.fetch(query))

    async def _progress(self, connection: Connection) -> dict[tuple[str, str, int], int]:
        # A view that no projector of this release has made yet knows of no builds.
        rows = await connection.fetch(f"SELECT * FROM {self._public}.progress")  # noqa: S608  # the schema is our own
        return {
            (row["projection"], row["topic"], row["partition"]): row["next_offset"]
            for row in map(dict, rows)
            if row.get("current", True)
        }

    async def _parked(self, connection: Connection) -> dict[tuple[str, str, str, int], int]:
        query = f'SELECT {_PARKED}, "offset" FROM {self._public}.parked WHERE current'  # noqa: S608  # as above
        rows = await connection.fetch(query)
        return {tuple(row.values())[:-1]: row["offset"] for row in rows}

    async def _estimate(self, connection: Connection, view: str) -> int:
        """About how many rows, as the planner believes: the first line of a plan is that of all."""
        plan: str = await connection.fetchval(f"EXPLAIN SELECT FROM {self._public}.{view}")  # names are our own
        return int(plan.split("rows=")[1].split(maxsplit=1)[0])

    async def _rows(self, connection: Connection, view: str, aggregate: str) -> AsyncIterator[Json]:
        of, order = _OF.get(view, "aggregate = $1"), _ORDER.get(view, "")
        query = f"SELECT {COLUMNS[view]} FROM {self._public}.{view} WHERE {of} {order}"  # noqa: S608  # names are our own
        # Millions of rows are put in order before the first of them comes.
        cursor: Any = connection.cursor(query, aggregate, prefetch=_FETCH_ROWS, timeout=_SORT_SECONDS)
        async for row in cursor:
            yield _row(row)


def _keys(rows: Sequence[Mapping[str, Any]]) -> dict[str, DataKey]:
    return {row["entity_id"]: DataKey(str(row["kid"]), row["key"]) for row in rows}


def _row(record: Mapping[str, Any]) -> Json:
    return {name: _plain(value) for name, value in record.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value
