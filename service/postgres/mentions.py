"""The rows that speak of somebody, in whatever table of ours they are: found by looking at every row."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from service.postgres.names import Names, quoted
from service.postgres.pool import Pool, reading_faults

# Some 40 MB are read in one statement, so that none takes long or holds up a vacuum.
_PAGES = 5_000
_TABLES = """
SELECT n.nspname AS schema, c.relname AS name,
    (pg_relation_size(c.oid) / current_setting('block_size')::int)::bigint AS pages
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of ours, so many pages large."""

    schema: str
    name: str
    pages: int

    @property
    def place(self) -> str:
        """As people write it."""
        return f"{self.schema}.{self.name}"


async def tables_of_ours(pool: Pool, names: Names) -> list[Table]:
    """Those of all builds of all projections and beside the public views, but not the key store."""
    with reading_faults():
        rows = await pool.fetch(f"SELECT DISTINCT projection FROM {names.public}.versions")  # noqa: S608  # the schema is our own
        tables = [Table(**row) for row in await pool.fetch(_TABLES)]
    known = "|".join(re.escape(row["projection"]) for row in rows)
    ours = re.compile(rf"{re.escape(names.prefix)}(?:fairlead|(?:{known})_v[0-9]+(?:_[0-9]+)?)")
    return [table for table in tables if ours.fullmatch(table.schema)]


async def mentions(pool: Pool, table: Table, entity_id: str) -> AsyncIterator[tuple[int, Sequence[Any]]]:
    """The rows that have this id in a column, or in JSON or bytes within one, some pages at a time.

    Each row as PostgreSQL makes JSON of it; with them the number of pages that were looked at.
    """
    # As JSON writes it, so that 7 is not found in 77; and that within bytes, as PostgreSQL writes them.
    patterns = [f"%{text}%" for text in (f'"{entity_id}"', f'"{entity_id}"'.encode().hex())]
    query = f"""
        SELECT to_jsonb(t) FROM {quoted(table.schema)}.{quoted(table.name)} t
        WHERE ctid >= format('(%s,0)', $2::bigint)::tid AND ctid < format('(%s,0)', $3::bigint)::tid
            AND to_jsonb(t)::text LIKE ANY($1::text[])
    """  # noqa: S608  # names are our own
    for first in range(0, table.pages, _PAGES):
        last = min(first + _PAGES, table.pages)
        with reading_faults():
            rows = await pool.fetch(query, patterns, first, last)
        yield last - first, [row[0] for row in rows]
