"""A history in pieces that a broker takes, under ids that follow from what they carry, so that a repeat is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import orjson

from fairlead.bounds import MAX_HISTORY_CHUNK
from service.domain import Aggregate

_CHUNK_BYTES = 128 * 1024


class Entry(NamedTuple):
    """An event as import_history carries it; `schema_version` where it is not of the first."""

    id: str
    time: str
    type: str
    data: Mapping[str, Any]
    schema_version: int | None = None


class Chunk(NamedTuple):
    """What one import_history command carries: so many events, as JSON."""

    entity_id: str
    first_version: int
    events: int
    command_id: str
    content: bytes


def chunks(aggregate: Aggregate, entity_id: str, history: Iterable[Entry]) -> Iterator[Chunk]:
    """The pieces of a history, in order."""
    first, size = 1, 0
    entries: list[Entry] = []
    written: list[bytes] = []
    for version, entry in enumerate(history, 1):
        event = _written(entry)
        if entries and (len(entries) == MAX_HISTORY_CHUNK or size + len(event) > _CHUNK_BYTES):
            yield _chunk(aggregate, entity_id, first, entries, written)
            first, entries, written, size = version, [], [], 0
        entries.append(entry)
        written.append(event)
        size += len(event)
    if entries:
        yield _chunk(aggregate, entity_id, first, entries, written)


def _chunk(aggregate: Aggregate, entity_id: str, first: int, entries: list[Entry], written: list[bytes]) -> Chunk:
    # Personal data is left out: the id is kept for ever, and would let a name be guessed after its key is gone.
    told = [[one.id, one.time, one.type, _impersonal(aggregate, one.type, one.data)] for one in entries]
    content = orjson.dumps([first, told], option=orjson.OPT_SORT_KEYS).decode()
    id_ = str(uuid5(NAMESPACE_URL, f"urn:fairlead:import:{aggregate.name}:{entity_id}:{content}"))
    return Chunk(entity_id, first, len(entries), id_, b"[" + b",".join(written) + b"]")


def _written(entry: Entry) -> bytes:
    id_, time, type_, data, version = entry
    event = {"id": id_, "time": time, "type": type_, "data": data}
    return orjson.dumps(event if version is None else event | {"schema_version": version})


def _impersonal(aggregate: Aggregate, type_: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    personal = aggregate.personal.get(type_)
    return {name: value for name, value in data.items() if name not in personal} if personal else data
