"""Two makings of a view compared row by row, range of keys after range, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.postgres.names import quoted
from service.postgres.pool import Connection

# By 10,000 rows, a range takes tens of milliseconds and a progress bar moves evenly.
_RANGE_ROWS = 10_000
_SECONDS = 3_600.0
_LONGEST_INT = 18

_TYPES = """
SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = $1::text::regclass AND attnum > 0 ORDER BY attnum
"""

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Side:
    """A view as it is compared, and as it stands: the bounds of ranges come from there, where an index has them."""

    view: str
    stands: str


@dataclass(slots=True)
class Compared:
    """What came of a view: how many rows are missing in the new one, added there, or other than in the old one.

    `ranges` are those that differ, and `samples` rows that do, as many as were asked for; a row that is not there is
    null. `unkeyed` rows have null in their key, and nothing to be compared with.
    """

    view: str
    key: tuple[str, ...]
    columns: list[str]
    only_old: list[str]
    only_new: list[str]
    old_rows: int = 0
    new_rows: int = 0
    missing: int = 0
    added: int = 0
    altered: int = 0
    unkeyed: int = 0
    ranges: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.missing or self.added or self.altered or self.unkeyed)


async def compare(  # noqa: PLR0913  # what, by what, and how much is shown
    connection: Connection, name: str, key: tuple[str, ...], old: Side, new: Side, samples: int, tell: Tell
) -> Compared:
    """Compare the columns that both have, as text; `tell` hears how many rows of how many are done.

    Raises LookupError where the columns of the key are not the same in both.
    """
    types = {side: dict(map(tuple, await connection.fetch(_TYPES, side.view))) for side in (old, new)}
    columns = [column for column in types[old] if column in types[new]]
    if any(types[old].get(column) != types[new].get(column) or column not in columns for column in key):
        raise LookupError(f"{name} has not the same key in both builds ({', '.join(key)}): it cannot be compared")
    compared = Compared(
        name,
        key,
        columns,
        [column for column in types[old] if column not in types[new]],
        [column for column in types[new] if column not in types[old]],
    )
    ranges = _Ranges(connection, key, [types[old][column] for column in key], columns)
    total = await _count(connection, old.stands)
    tell(name, 0, total)
    lower: Sequence[Any] | None = None
    while True:
        upper = await ranges.end(old.stands, lower)
        first, second = [await ranges.sum(side.view, lower, upper) for side in (old, new)]
        compared.old_rows += first[0]
        compared.new_rows += second[0]
        if first != second:
            await ranges.explain(compared, old.view, new.view, lower, upper, samples)
            if len(compared.ranges) < samples:
                told = [{"rows": rows, "checksum": str(checksum)} for rows, checksum in (first, second)]
                compared.ranges.append({"after": _told(lower), "up_to": _told(upper), "old": told[0], "new": told[1]})
        tell(name, min(compared.old_rows, total), total)
        if upper is None:
            break
        lower = upper
    rows = [await _count(connection, side.view) for side in (old, new)]
    compared.unkeyed = sum(rows) - compared.old_rows - compared.new_rows
    compared.old_rows, compared.new_rows = rows
    return compared


async def _count(connection: Connection, view: str) -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM {view}", timeout=_SECONDS))  # noqa: S608  # names are our own


class _Ranges:
    """The queries of one view, whose rows from beyond one key up to another are asked for."""

    def __init__(
        self, connection: Connection, key: Sequence[str], kinds: Sequence[str], columns: Sequence[str]
    ) -> None:
        self._connection = connection
        self._key = ", ".join(map(quoted, key))
        self._join = " AND ".join(f"o.{quoted(column)} = n.{quoted(column)}" for column in key)
        self._kinds = kinds
        # A row as text tells null from nothing, and one column from the next.
        self._checksum = f"hashtextextended(ROW({', '.join(map(quoted, columns))})::text, 0)"
        self._columns = ", ".join(map(quoted, columns))

    async def end(self, view: str, lower: Sequence[Any] | None) -> tuple[Any, ...] | None:
        """The key of the last row of the range that begins beyond `lower`; None where all that is left is one."""
        where, values = self._within(lower, None)
        query = f"SELECT {self._key} FROM {view} {where} ORDER BY {self._key} OFFSET {_RANGE_ROWS - 1} LIMIT 1"  # noqa: S608  # as above
        row = await self._connection.fetchrow(query, *values, timeout=_SECONDS)
        return None if row is None else tuple(row)

    async def sum(self, view: str, lower: Sequence[Any] | None, upper: Sequence[Any] | None) -> tuple[int, int]:
        """How many rows, and the sum of their checksums."""
        where, values = self._within(lower, upper)
        query = f"SELECT count(*), coalesce(sum({self._checksum}), 0) FROM {view} {where}"  # noqa: S608  # as above
        rows, checksum = await self._connection.fetchrow(query, *values, timeout=_SECONDS)
        return int(rows), int(checksum)

    async def explain(  # noqa: PLR0913  # what is compared, where, and how much is shown
        self,
        compared: Compared,
        old: str,
        new: str,
        lower: Sequence[Any] | None,
        upper: Sequence[Any] | None,
        samples: int,
    ) -> None:
        """Count the rows that differ, and have some of them to show."""
        where, values = self._within(lower, upper)
        both = f"""
            FROM (SELECT {self._columns}, {self._checksum} AS checksum FROM {old} {where}) o
            FULL JOIN (SELECT {self._columns}, {self._checksum} AS checksum FROM {new} {where}) n ON {self._join}
            WHERE o.checksum IS DISTINCT FROM n.checksum
        """  # noqa: S608  # as above
        counts = f"""
            SELECT count(*) FILTER (WHERE n.checksum IS NULL), count(*) FILTER (WHERE o.checksum IS NULL),
                count(*) FILTER (WHERE o.checksum <> n.checksum) {both}
        """
        missing, added, altered = await self._connection.fetchrow(counts, *values, timeout=_SECONDS)
        compared.missing += missing
        compared.added += added
        compared.altered += altered
        wanted = samples - len(compared.samples)
        if wanted > 0:
            query = f"""
                SELECT CASE WHEN o.checksum IS NOT NULL THEN (to_jsonb(o) - 'checksum')::text END,
                    CASE WHEN n.checksum IS NOT NULL THEN (to_jsonb(n) - 'checksum')::text END
                {both} LIMIT {wanted}
            """
            for row in await self._connection.fetch(query, *values, timeout=_SECONDS):
                compared.samples.append({"old": _read(row[0]), "new": _read(row[1])})

    def _within(self, lower: Sequence[Any] | None, upper: Sequence[Any] | None) -> tuple[str, list[Any]]:
        conditions, values = [], list[Any]()
        for sign, bound in ((">", lower), ("<=", upper)):
            if bound is not None:
                places = (f"${len(values) + number}::{kind}" for number, kind in enumerate(self._kinds, 1))
                conditions.append(f"({self._key}) {sign} ({', '.join(places)})")
                values += bound
        return f"WHERE {' AND '.join(conditions)}" if conditions else "", values


def _told(bound: Sequence[Any] | None) -> list[str] | None:
    return None if bound is None else list(map(str, bound))


def _read(row: str | None) -> Any:
    """A row from JSON; numbers that JSON's readers would round are left as text."""
    if row is None:
        return None
    return json.loads(row, parse_float=str, parse_int=lambda text: int(text) if len(text) <= _LONGEST_INT else text)
