"""What this stage needs from outside, and the shape of what goes in and out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from service.commands.personal import DataKey

Headers = Sequence[tuple[str, bytes | None]]


class Record(Protocol):
    """A record as it was read from a topic; `timestamp` in milliseconds since the epoch."""

    @property
    def key(self) -> bytes | None:
        """What its partition follows from."""

    @property
    def value(self) -> bytes | None:
        """Its content."""

    @property
    def headers(self) -> Headers:
        """What stands beside the content."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """When the broker took it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A record to be written; `timestamp` in milliseconds since the epoch."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    timestamp: int


@dataclass(slots=True)
class Output:
    """What a batch leads to, topic by topic, in order; `statuses` counts the replies by status and code, or ""."""

    events: list[Draft] = field(default_factory=list)
    replies: list[Draft] = field(default_factory=list)
    dead_letters: list[Draft] = field(default_factory=list)
    snapshots: list[Draft] = field(default_factory=list)
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)


class KeyStore(Protocol):
    """The data keys of people; truth, kept outside the log."""

    async def ensure(self, aggregate: str, entity_ids: Collection[str]) -> dict[str, DataKey]:
        """The keys of these entities, made where missing and committed on return."""

    async def find(self, aggregate: str, entity_ids: Collection[str]) -> dict[str, DataKey]:
        """The keys that are there."""
