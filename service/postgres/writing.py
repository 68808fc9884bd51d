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
    AND a.attgenerated = ''
"""

# COPY costs a round trip more than a statement, and less for each row.
FEW_ROWS = 200


async def column_types(connection: Connection, schema: str) -> ColumnTypes:
    """The type of every column of every table in a schema, but for what PostgreSQL works out itself."""
    types: dict[str, dict[str, str]] = {}
    for table, column, type_ in await connection.fetch(_COLUMN_TYPES, schema):
        types.setdefault(table, {})[column] = type_
    return types


async def write_rows(connection: Connection, schema: str, types: ColumnTypes, write: Write) -> None:
    """Do one write to a table of this schema."""
    if not write.keys and len(write.rows) >= FEW_ROWS:
        await connection.copy_records_to_table(write.table, schema_name=schema, columns=write.sets, records=write.rows)
        return
    statement, arrays = _statement(schema, types, write)
    await connection.execute(statement, *arrays)


def guarded(
    guard: str, parameters: int, schema: str, types: ColumnTypes, writes: Sequence[Write]
) -> tuple[str, list[Any]]:
    """One statement that does `guard`, and in their order these writes where that returns a row; it returns the same.

    With the parameters that it takes behind the first `parameters`, which are the guard's.
    """
    steps, before = [f"step_0 AS ({guard})"], ""
    values: list[Any] = []
    for number, write in enumerate(writes, 1):
        only = f"WHERE EXISTS (SELECT FROM step_0){before}"
        statement, arrays = _statement(schema, types, write, parameters + len(values), only)
        steps.append(f"step_{number} AS ({statement} RETURNING 1)")
        values += arrays
        # Read to its end: by itself PostgreSQL keeps no order among steps, and rows are locked in that of their tables.
        before = f" AND (SELECT count(*) FROM step_{number}) >= 0"  # noqa: S608  # names are our own
    return f"WITH {', '.join(steps)} SELECT FROM step_0", values


def _array(kind: str, values: Sequence[Any]) -> Sequence[Any]:
    # A list among JSON values would be taken for another dimension of the array.
    return [value if value is None else orjson.dumps(value).decode() for value in values] if kind == "jsonb" else values


def _statement(
    schema: str, types: ColumnTypes, write: Write, parameters: int = 0, only: str = ""
) -> tuple[str, list[Sequence[Any]]]:
    """A statement, which may be done `only` where something holds, and what it takes behind so many parameters."""
    columns = (*write.keys, *write.sets, *write.adds)
    kinds = [types[write.table][column] for column in columns]
    names = ", ".join(map(quoted, columns))
    numbered = enumerate(kinds, parameters + 1)
    arrays = ", ".join(f"${place}::{'text' if kind == 'jsonb' else kind}[]" for place, kind in numbered)
    given = ", ".join(f"{quoted(column)}::{kind}" for column, kind in zip(columns, kinds, strict=True))
    statement = (
        f"INSERT INTO {quoted(schema)}.{quoted(write.table)} AS old ({names}) "  # noqa: S608  # names are our own, values are parameters
        f"SELECT {given} FROM unnest({arrays}) AS given ({names}) {only}"
    )
    values = [_array(kind, column) for kind, column in zip(kinds, zip(*write.rows, strict=True), strict=True)]
    return statement + _on_conflict(write), values


def _on_conflict(write: Write) -> str:
    if not write.keys:
        return ""
    changes = [f"{quoted(column)} = excluded.{quoted(column)}" for column in write.sets]
    changes += [f"{quoted(column)} = old.{quoted(column)} + excluded.{quoted(column)}" for column in write.adds]
    keys = ", ".join(map(quoted, write.keys))
    return f" ON CONFLICT ({keys}) DO " + (f"UPDATE SET {', '.join(changes)}" if changes else "NOTHING")
