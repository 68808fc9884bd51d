"""Reads keys and projections from PostgreSQL once the projections have caught up with the logs."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from service.audit.records import DataKey, Json, PartitionLogs
from service.audit.report import Report
from service.audit.rows import COLUMNS
from tests.checker.projections import READS, Projections

_JSON = frozenset({"cargo", "username", "data", "events"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def read_keys(database_url: str, prefix: str) -> dict[str, DataKey]:
    """The data key of each user."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(f'SELECT kid, entity_id, key FROM "{prefix}fairlead_keys".keys')  # noqa: S608  # a prefix of our own
    finally:
        await connection.close()
    return {row["entity_id"]: DataKey(str(row["kid"]), row["key"] and bytes(row["key"])) for row in rows}


async def read_projections(
    report: Report, database_url: str, logs: list[PartitionLogs], *, prefix: str, deadline: float
) -> Projections:
    """All rows, after waiting for progress; what has not caught up by the deadline is a violation."""
    connection = await asyncpg.connect(database_url)
    try:
        while True:
            progress = await _progress(connection, prefix)
            behind = _behind(logs, progress)
            if not behind or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.1)
        for place, why in behind.items():
            report.wrong(place, why)
        found = {name: await _rows(connection, prefix, name) for name in READS}
    finally:
        await connection.close()
    return Projections(found, progress)


async def _progress(connection: Any, prefix: str) -> dict[tuple[str, str, int], int]:
    query = f'SELECT projection, topic, partition, next_offset FROM "{prefix}fairlead".progress WHERE current'  # noqa: S608  # a prefix of our own
    rows = await connection.fetch(query)
    return {(row["projection"], row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def _rows(connection: Any, prefix: str, name: str) -> list[Json]:
    query = f'SELECT {COLUMNS[name]} FROM "{prefix}fairlead".{name}'  # noqa: S608  # names of our own
    return [_row(record) for record in await connection.fetch(query)]


def _behind(logs: list[PartitionLogs], progress: Mapping[tuple[str, str, int], int]) -> dict[str, str]:
    behind = {}
    for name, sources in READS.items():
        for aggregate, kind in sources:
            for of in logs:
                # Behind the last record only the markers of transactions follow, which say nothing to a projection.
                end = of.records[kind][-1].offset + 1 if of.records[kind] else 0
                at = progress.get((name, of.topic(kind), of.partition), 0)
                if of.aggregate == aggregate and at < end:
                    behind[f"{name} of {of.place(kind)}"] = f"has not caught up: {at} of {end}"
    return behind


def _row(record: Mapping[str, Any]) -> Json:
    return {name: json.loads(value) if name in _JSON and value else _plain(value) for name, value in record.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return (value - _EPOCH) // timedelta(microseconds=1)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value
