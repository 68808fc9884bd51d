"""Many changes become few writes: the changes of one row become one, rows of one shape go together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from service.projections.projection import Change, Insert, Upsert

Row = tuple[Any, ...]
_Values = Callable[[Mapping[str, Any]], Row]


@dataclass(frozen=True, slots=True)
class Write:
    """Rows of one table and one shape; each row has the values of `keys`, `sets` and `adds`, in this order.

    Without `keys` the rows are new.
    """

    table: str
    keys: tuple[str, ...]
    sets: tuple[str, ...]
    adds: tuple[str, ...]
    rows: list[Row]


@dataclass(slots=True)
class _Rows:
    keys: tuple[str, ...]
    sets: dict[Row, dict[str, Any]] = field(default_factory=dict)
    adds: dict[Row, dict[str, int]] = field(default_factory=dict)


def fold(changes: Iterable[Change]) -> list[Write]:
    """The writes that do what these changes do in their order.

    Rows are in the order of their keys, and tables in that of their names, so that two partitions that write
    shared rows at once never wait for each other in a circle.
    Raises ValueError where a column is both set and added to, and TypeError where what is added is no number.
    """
    new: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    tables: dict[str, _Rows] = {}
    for change in changes:
        if isinstance(change, Insert):
            new.setdefault((change.table, tuple(change.row)), []).append(tuple(change.row.values()))
            continue
        rows = tables.get(change.table) or tables.setdefault(change.table, _Rows(tuple(change.key)))
        key = tuple(change.key.values())
        if isinstance(change, Upsert):
            if (values := rows.sets.get(key)) is None:
                rows.sets[key] = dict(change.values)
            else:
                values.update(change.values)
        elif (sums := rows.adds.get(key)) is None:
            # 0 and it: what is no number is refused here, whether it is the first of a batch or not.
            rows.adds[key] = {column: 0 + delta for column, delta in change.deltas.items()}
        else:
            for column, delta in change.deltas.items():
                sums[column] = sums.get(column, 0) + delta
    writes = [Write(table, (), columns, (), rows) for (table, columns), rows in sorted(new.items())]
    for table, rows in sorted(tables.items()):
        writes += _writes(table, rows)
    return writes


def _writes(table: str, rows: _Rows) -> list[Write]:
    # One shape for all sums of a table, with 0 where there is nothing to add: one statement locks shared rows in order.
    adds = tuple(sorted({column for sums in rows.adds.values() for column in sums}))
    nothing = dict.fromkeys(adds, 0)
    shapes: dict[tuple[str, ...], list[Row]] = {}
    # By the columns as they were given, which are few, how their values are had in order, and the rows.
    known: dict[tuple[str, ...], tuple[_Values, list[Row]]] = {}
    for key in sorted(rows.sets.keys() | rows.adds.keys()):
        values = rows.sets.get(key, {})
        if (shape := known.get(given := tuple(values))) is None:
            sets = tuple(sorted(given))
            shape = known[given] = _in_order(sets), shapes.setdefault(sets, [])
        in_order, found = shape
        sums = rows.adds.get(key, nothing)
        # Mostly they are those of the table, in order.
        total = tuple(sums.values()) if tuple(sums) == adds else tuple([sums.get(column, 0) for column in adds])
        found.append(key + in_order(values) + total)
    if both := {column for sets in shapes for column in sets} & set(adds):
        raise ValueError(f"{table}: both set and added to: {', '.join(sorted(both))}")
    return [Write(table, rows.keys, sets, adds, shape) for sets, shape in sorted(shapes.items())]


def _in_order(columns: tuple[str, ...]) -> _Values:
    """What takes the values of these columns out of a row."""
    if len(columns) > 1:
        return itemgetter(*columns)  # twice as fast as going through them
    return lambda values: tuple([values[column] for column in columns])
