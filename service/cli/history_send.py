"""Histories travel as chunks, those of an entity one after the other, those of many entities at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import orjson

from fairlead.bounds import MAX_HISTORY_CHUNK
from fairlead.client import Client
from fairlead.envelope import Reply
from fairlead.versions import version_of
from service.cli.exits import OF_STATUS, Stop
from service.cli.history_file import Row
from service.cli.times import as_utc
from service.domain import Aggregate

_CHUNK_BYTES = 128 * 1024
_ENTITIES_AT_ONCE = 500
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one import_history command carries."""

    entity_id: str
    first_version: int
    events: Sequence[Mapping[str, Any]]

    @property
    def data(self) -> dict[str, Any]:
        """The command's fields."""
        return {"first_version": self.first_version, "events": self.events}


def chunks(entity_id: str, history: Sequence[Row]) -> Iterator[Chunk]:
    """A history in pieces that a broker takes."""
    first, size = 1, 0
    events: list[dict[str, Any]] = []
    for version, row in enumerate(history, 1):
        event: dict[str, Any] = {
            "id": row.event_id,
            "time": as_utc(row.time),
            "type": type(row.event).__name__,
            "data": row.event.model_dump(mode="json"),
        }
        if type(row.event).upcasters:
            event["schema_version"] = version_of(type(row.event))
        length = len(orjson.dumps(event))
        if events and (len(events) == MAX_HISTORY_CHUNK or size + length > _CHUNK_BYTES):
            yield Chunk(entity_id, first, events)
            first, events, size = version, [], 0
        events.append(event)
        size += length
    if events:
        yield Chunk(entity_id, first, events)


def chunk_id(aggregate: Aggregate, chunk: Chunk) -> str:
    """The command's id, which follows from what it carries, so that a repeat is a duplicate.

    Personal data is left out: the id is kept for ever, and would let a name be guessed after its key is gone.
    """
    events = [
        [event["id"], event["time"], event["type"], _impersonal(aggregate, event["type"], event["data"])]
        for event in chunk.events
    ]
    content = orjson.dumps([chunk.first_version, events], option=orjson.OPT_SORT_KEYS).decode()
    return str(uuid5(NAMESPACE_URL, f"urn:fairlead:import:{aggregate.name}:{chunk.entity_id}:{content}"))


async def send_histories(
    client: Client, aggregate: Aggregate, histories: Mapping[str, Sequence[Row]], advance: Callable[[int, int], None]
) -> None:
    """Send all; `advance(read, written)` is told of events as they are settled. Raises Stop at the first refusal."""
    places = asyncio.Semaphore(_ENTITIES_AT_ONCE)

    async def one(entity_id: str, history: Sequence[Row]) -> None:
        async with places:
            for chunk in chunks(entity_id, history):
                reply = await _settle(client, aggregate, chunk)
                if reply.data.status != "accepted":
                    raise Stop(OF_STATUS[reply.data.status], _refusal(aggregate, entity_id, reply))
                advance(len(chunk.events), 0 if reply.data.duplicate else len(reply.data.events))

    async with asyncio.TaskGroup() as group:
        for entity_id, history in histories.items():
            group.create_task(one(entity_id, history))


async def _settle(client: Client, aggregate: Aggregate, chunk: Chunk) -> Reply:
    ask = (aggregate.name, "import_history", chunk.entity_id, chunk.data)
    reply = await client.send_raw(*ask, command_id=chunk_id(aggregate, chunk), timeout=_TIMEOUT)
    if reply.data.duplicate and reply.data.status != "accepted":
        # An old refusal again, but its reason may be mended since. Events keep their ids: asking anew is safe.
        reply = await client.send_raw(*ask, command_id=str(uuid4()), timeout=_TIMEOUT)
    return reply


def _refusal(aggregate: Aggregate, entity_id: str, reply: Reply) -> str:
    outcome = reply.data
    if outcome.code == "id_reused":
        return (
            f"{aggregate.name} {entity_id}: other data was imported before under the same event ids (history_differs)"
        )
    if outcome.code == "import_not_allowed":
        return f"{outcome.message}: set FAIRLEAD_ALLOW_IMPORT=true for `fairlead handle` (import_not_allowed)"
    return f"{aggregate.name} {entity_id}: {outcome.message} ({outcome.code})"


def _impersonal(aggregate: Aggregate, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in aggregate.personal.get(kind, ())}
