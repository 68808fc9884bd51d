"""A dead letter as people choose among many: all that is told of it, without its content."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from service.kafka.dead_letters import DeadLetter, Entity

Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter without its content; `superseded` where another one of the same content stands for it.

    `redrives` is what this one says, `redriven` the most that any of the same content does.
    """

    aggregate: str
    partition: int
    offset: int
    command_offset: int
    key: bytes | None
    code: str
    reason: str
    time: int
    type: str | None
    command_id: str | None
    redrives: int
    content: bytes = field(repr=False)
    redriven: int = 0
    waiting: bool = False
    superseded: bool = False

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.aggregate, self.partition, self.offset

    @property
    def entity(self) -> Entity:
        """Whose command it was."""
        return self.partition, self.key

    @property
    def shown_key(self) -> str | None:
        """The key as text."""
        return key_text(self.key)


def key_text(key: bytes | None) -> str | None:
    """A key as text, what is no UTF-8 of it escaped."""
    return None if key is None else key.decode(errors="backslashreplace")


def letter_of(aggregate: str, found: DeadLetter) -> Letter:
    """What is told of a dead letter by itself."""
    type_, command_id = _said(found.value)
    return Letter(
        aggregate=aggregate,
        partition=found.partition,
        offset=found.offset,
        command_offset=found.command_offset,
        key=found.key,
        code=found.code,
        reason=found.reason,
        time=found.time,
        type=type_,
        command_id=command_id,
        redrives=found.redrives,
        content=_content(found),
    )


def _said(value: bytes | None) -> tuple[str | None, str | None]:
    """Type and id, where they can be read."""
    try:
        raw: Any = orjson.loads(value or b"null")
    except ValueError:
        return None, None
    said = (raw.get("type"), raw.get("id")) if isinstance(raw, dict) else (None, None)
    type_, command_id = (text if isinstance(text, str) else None for text in said)
    return type_, command_id


def _content(found: DeadLetter) -> bytes:
    digest = blake2b(digest_size=16)
    for part in (found.key, found.value):
        digest.update(b"-" if part is None else b"%d:%b" % (len(part), part))
    return digest.digest()
