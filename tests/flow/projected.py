"""Given messages, then rows: a projection run over tables that are dictionaries."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from service.projections.folding import Write, fold
from service.projections.projection import Projection
from service.projections.stored import Stored
from tests.event_records import COMMAND, NOON

Rows = dict[str, list[dict[str, Any]]]


def stored(aggregate: str, entity_id: str, version: int, type_: str, **data: Any) -> Stored:
    """An event of an entity."""
    event_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{aggregate} {entity_id} {version}"))
    return Stored(
        aggregate, "events", 0, version, entity_id, version, event_id, type_, NOON, COMMAND, None, data, data, 1
    )


def story(aggregate: str, entity_id: str, *events: tuple[str, Mapping[str, Any]]) -> list[Stored]:
    """Events of one entity, from version 1."""
    return [stored(aggregate, entity_id, version, type_, **data) for version, (type_, data) in enumerate(events, 1)]


def rows_of(projection: Projection, events: Iterable[Stored], *, batch: int = 1) -> Rows:
    """The rows that these events leave, projected in batches of this size, each table in the order of its keys."""
    pending = list(events)
    return written(
        fold([change for event in pending[start : start + batch] for change in projection.project(event)])
        for start in range(0, len(pending), batch)
    )


def written(batches: Iterable[Iterable[Write]]) -> Rows:
    """The rows that these writes leave, each table in the order of its keys."""
    tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}
    for writes in batches:
        for write in writes:
            apply_write(tables.setdefault(write.table, {}), write)
    return {table: [rows[key] for key in sorted(rows)] for table, rows in tables.items()}


def apply_write(rows: dict[tuple[Any, ...], dict[str, Any]], write: Write) -> None:
    """Do one write to a table's rows, which are held by their keys."""
    for values in write.rows:
        named = dict(zip((*write.keys, *write.sets, *write.adds), values, strict=True))
        key = tuple(named[name] for name in write.keys) or (len(rows),)
        row = rows.setdefault(key, {name: named[name] for name in write.keys})
        for name in write.sets:
            row[name] = named[name]
        for name in write.adds:
            row[name] = row.get(name, 0) + named[name]
