"""A backup of the key store brings back keys that were destroyed: the log says whose, and they are destroyed again."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import orjson

from service.cli.options import Given
from service.cli.output import emit_rows
from service.cli.progress import follow, progress_of_known
from service.cli.running import run
from service.domain import AGGREGATES, Aggregate
from service.kafka.connection import connection
from service.kafka.copies import read_copies
from service.kafka.topics import Topics, partition_count
from service.settings import Settings

if TYPE_CHECKING:
    from service.postgres.forgetting import Forgetting

_COLUMNS = ("aggregate", "deleted", "came_back")


def redo(given: Given) -> None:
    """Destroy the keys of all who were deleted once more: after each restore of the key store, before all else.

    Example: `fairlead erase redo`
    """
    found = run(_redo(given.settings()))
    emit_rows(found, _COLUMNS, as_json=given.as_json, none="")


async def _redo(settings: Settings) -> list[dict[str, Any]]:
    from service import app as composition  # noqa: PLC0415  # it brings every driver: not for commands that need none

    async with composition.open_forgetting(settings) as forgetting:
        found = [
            await _redo_all(settings, forgetting, aggregate) for aggregate in AGGREGATES.values() if aggregate.personal
        ]
        await forgetting.keys.vacuum()
    return found


async def _redo_all(settings: Settings, forgetting: Forgetting, aggregate: Aggregate) -> dict[str, Any]:
    topics, deleted, came_back = Topics(aggregate.name, settings.prefix), 0, 0
    partitions = range(await partition_count(connection(settings), topics))
    with progress_of_known() as bars:
        progress = follow(bars, f"Reading {topics.events}")
        # What was not committed never happened.
        reading = read_copies(connection(settings), topics.events, partitions, "read_committed", progress)
        async with aclosing(reading):
            async for _, records in reading:
                ended = _ended(aggregate, (record.value for record in records))
                deleted += len(ended)
                came_back += await forgetting.keys.destroy(aggregate.name, ended) if ended else 0
    return {"aggregate": aggregate.name, "deleted": deleted, "came_back": came_back}


def _ended(aggregate: Aggregate, values: Any) -> Collection[str]:
    name = str(aggregate.last_event)
    mark = name.encode()
    events = (orjson.loads(value) for value in values if value is not None and mark in value)
    return [event["subject"] for event in events if event["type"] == name]
