"""What was put aside, read back with why and whence, and which entities wait behind it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson

from service.kafka.scan import Progress, scan
from service.kafka.topics import Topics

PREFIX = "fairlead-"
REDRIVES = f"{PREFIX}redrives"

Entity = tuple[int, bytes | None]
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A command that was put aside; `headers` are those that it came with, `time` is when it came, in milliseconds."""

    partition: int
    offset: int
    command_offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    code: str
    reason: str
    time: int
    redrives: int
    traceback: str | None

    @property
    def entity(self) -> Entity:
        """Whose command it was."""
        return self.partition, self.key

    @property
    def size(self) -> int:
        """In bytes, as it came."""
        headers = sum(len(name.encode()) + len(text or b"") for name, text in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers


async def read_dead_letters(
    connection: Mapping[str, Any], topics: Topics, start: Mapping[int, int], progress: Progress
) -> AsyncGenerator[DeadLetter, None]:
    """The dead letters that are there now, of these partitions from these offsets on, oldest first."""
    async with aclosing(scan(connection, topics.dead_letters, start, progress)) as records:
        async for record in records:
            yield dead_letter(record)


def dead_letter(record: Any) -> DeadLetter:
    """The dead letter in a record; of a record that is none, what can be told of it."""
    # Headers may come twice: the last are those that the service set.
    said = {name: (text or b"").decode(errors="backslashreplace") for name, text in record.headers}
    return DeadLetter(
        partition=record.partition,
        offset=record.offset,
        command_offset=_number(said.get(f"{PREFIX}offset"), -1),
        key=record.key,
        value=record.value,
        headers=tuple((name, text) for name, text in record.headers if not name.startswith(PREFIX)),
        code=said.get(f"{PREFIX}code", "unknown"),
        reason=said.get(f"{PREFIX}reason", ""),
        time=_number(said.get(f"{PREFIX}timestamp"), record.timestamp),
        redrives=_number(said.get(REDRIVES), 0),
        traceback=said.get(f"{PREFIX}traceback"),
    )


async def parked_entities(
    connection: Mapping[str, Any], topics: Topics, partitions: int, progress: Progress
) -> dict[Entity, int]:
    """The entities that are parked, each with the offset of the command that it is parked from."""
    parked: dict[Entity, int] = {}
    everywhere = dict.fromkeys(range(partitions), 0)
    async with aclosing(scan(connection, topics.snapshots, everywhere, progress)) as records:
        async for record in records:
            entity = record.partition, record.key
            if (since := _parked_from(record.value)) is not None:
                parked[entity] = since
            else:
                parked.pop(entity, None)
    return parked


def _parked_from(value: bytes | None) -> int | None:
    if value is None or b'"parked"' not in value:
        return None
    said = orjson.loads(value).get("parked")
    return None if said is None else int(said["from"])


def _number(text: str | None, otherwise: int) -> int:
    short = text is not None and text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
    return int(text) if text is not None and short else otherwise
