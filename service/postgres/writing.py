"""A folded write becomes one statement, whose parameters are one array for each column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from service.postgres.names import quoted
from service.postgres.pool import Connection
from service.projections.folding import Write

ColumnTypes = Mapping[str, Mapping[str, str]]

_COLUMN_TYPES = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
"""

# COPY costs a round trip more than a statement, and less for each row.
_COPY_ROWS = 200


async def column_types(connection: Connection, schema: str) -> ColumnTypes:
    """The type of every column of every table in a schema."""
    types: dict[str, dict[str, str]] = {}
    for table, column, type_ in await connection.fetch(_COLUMN_TYPES, schema):
        types.setdefault(table, {})[column] = type_
    return types


async def write_rows(connection: Connection, schema: str, types: ColumnTypes, write: Write) -> None:
    """Do one write to a table of this schema."""
    if not write.keys and len(write.rows) >= _COPY_ROWS:
        await connection.copy_records_to_table(write.table, schema_name=schema, columns=write.sets, records=write.rows)
        return
    columns = (*write.keys, *write.sets, *write.adds)
    kinds = [types[write.table][column] for column in columns]
    values = [_array(kind, column) for kind, column in zip(kinds, zip(*write.rows, strict=True), strict=True)]
    await connection.execute(_statement(schema, columns, kinds, write), *values)


def _array(kind: str, values: Sequence[Any]) -> Sequence[Any]:
    # A list among JSON values would be taken for another dimension of the array.
    return [value if value is None else orjson.dumps(value).decode() for value in values] if kind == "jsonb" else values


def _statement(schema: str, columns: Sequence[str], kinds: Sequence[str], write: Write) -> str:
    names = ", ".join(map(quoted, columns))
    arrays = ", ".join(f"${place}::{'text' if kind == 'jsonb' else kind}[]" for place, kind in enumerate(kinds, 1))
    given = ", ".join(f"{quoted(column)}::{kind}" for column, kind in zip(columns, kinds, strict=True))
    statement = (
        f"INSERT INTO {quoted(schema)}.{quoted(write.table)} AS old ({names}) "  # noqa: S608  # names are our own, values are parameters
        f"SELECT {given} FROM unnest({arrays}) AS given ({names})"
    )
    if not write.keys:
        return statement
    changes = [f"{quoted(column)} = excluded.{quoted(column)}" for column in write.sets]
    changes += [f"{quoted(column)} = old.{quoted(column)} + excluded.{quoted(column)}" for column in write.adds]
    keys = ", ".join(map(quoted, write.keys))
    return f"{statement} ON CONFLICT ({keys}) DO " + (f"UPDATE SET {', '.join(changes)}" if changes else "NOTHING")
