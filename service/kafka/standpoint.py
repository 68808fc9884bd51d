"""How far a local store has come in the logs: written with what it has taken, in one write."""

from __future__ import annotations

from dataclasses import dataclass, field
from zlib import crc32

import orjson
from pydantic import TypeAdapter, ValidationError

from service.commands.entities import META
from service.commands.floors import Floors
from service.commands.ports import Record, Store
from service.kafka.checkpoint import Checkpoint

_KEY = "standpoint"


@dataclass(slots=True)
class Reached:
    """The next offset to be read of a log, and the last record before it, by offset and checksum."""

    next_offset: int = 0
    last: tuple[int, int] | None = None

    def passed(self, offset: int, value: bytes | None) -> None:
        """The record at this offset is taken."""
        self.next_offset = offset + 1
        self.last = offset, crc32(value or b"")

    def follows(self, record: Record) -> bool:
        """Whether this record is the last one before: in a topic that was made anew it is another."""
        return self.last == (record.offset, crc32(record.value or b""))


@dataclass(slots=True)
class Standpoint:
    """`stamp` tells by and for whom a store was made; `clock` as of Entities."""

    stamp: str
    events: Reached = field(default_factory=Reached)
    replies: Reached = field(default_factory=Reached)
    snapshots: Reached = field(default_factory=Reached)
    clock: int = 0
    floors: Floors = field(default_factory=Floors)
    checkpoint: Checkpoint | None = None

    def packed(self) -> dict[str, bytes]:
        """As a store keeps it."""
        return {_KEY: orjson.dumps(self)}


_READ: TypeAdapter[Standpoint] = TypeAdapter(Standpoint)


def standpoint_of(store: Store, stamp: str) -> Standpoint | None:
    """Where a store of this stamp stands; None where it is another's, or was never finished."""
    raw = store.get(META, _KEY)
    try:
        found = None if raw is None else _READ.validate_json(raw)
    except ValidationError:
        return None
    return found if found and found.stamp == stamp else None
