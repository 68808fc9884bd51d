"""What this stage needs from outside, and the shape of what goes in and out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from service.commands.personal import DataKey

Headers = Sequence[tuple[str, bytes | None]]
Put = tuple[str, str, bytes]


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


class Draft(NamedTuple):
    """A record to be written; `timestamp` in milliseconds since the epoch."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    timestamp: int


@dataclass(slots=True)
class Output:
    """What a batch leads to, topic by topic, in order; `statuses` counts the replies by status and code, or "".

    `stateless` are entities whose state is too large for a snapshot; True where one without it was written.
    """

    events: list[Draft] = field(default_factory=list)
    replies: list[Draft] = field(default_factory=list)
    dead_letters: list[Draft] = field(default_factory=list)
    snapshots: list[Draft] = field(default_factory=list)
    stateless: dict[str, bool] = field(default_factory=dict)
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)


class KeyStore(Protocol):
    """The data keys of people; truth, kept outside the log."""

    async def ensure(self, aggregate: str, entity_ids: Collection[str]) -> dict[str, DataKey]:
        """The keys of these entities, made where missing and committed on return."""

    async def find(self, aggregate: str, entity_ids: Collection[str]) -> dict[str, DataKey]:
        """The keys that are there."""


class StoreBroken(Exception):
    """A store cannot go on; the message says which, and why."""


class Store(Protocol):
    """What is known of one partition, kept on disk in named spaces of keys: a cache of its log."""

    def get(self, space: str, key: str) -> bytes | None:
        """The value of a key."""

    def get_many(self, space: str, keys: Sequence[str]) -> list[bytes | None]:
        """The value of each of these keys."""

    def items(self, space: str, after: str = "") -> Iterator[tuple[str, bytes]]:
        """All of a space as it is now, in the order of their keys, those behind one."""

    def count(self, space: str) -> int:
        """About how many keys a space has."""

    def spaces(self) -> Collection[str]:
        """Those that hold something, or did."""

    def write(self, puts: Collection[Put], deletes: Collection[tuple[str, str]]) -> None:
        """All of this or nothing: (space, key, value) and (space, key)."""

    def drop(self, space: str) -> None:
        """Forget a space."""


class LocalStore(Store, Protocol):
    """A store of one partition's own, which raises StoreBroken."""

    def renew(self) -> None:
        """Forget everything."""

    def close(self) -> None:
        """Let go of it: another may open it."""


class Shelf(Protocol):
    """Where the stores of a process are; `boot` tells the lives of its machine apart.

    What a store has taken survives the process, not the machine.
    """

    @property
    def boot(self) -> str:
        """The present life of the machine."""

    def open(self, name: str) -> LocalStore:
        """The store of this name, or an empty one where another process has that."""
