"""What a client wants of whatever carries its messages, so that callers can test without Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from fairlead.envelope import Reply
from fairlead.outgoing import Headers, Outgoing

# The next offset to read, by partition; a partition that is not there is read from its beginning.
Offsets = Mapping[int, int]


class Record(NamedTuple):
    """An event where it stands."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: Headers


class Reading(NamedTuple):
    """Events as they come, and where each partition of theirs began, since some may have none for long."""

    begins: Offsets
    records: AsyncIterator[Record]


class Transport(Protocol):
    """All but `close` raise TopicsMissing and Unreachable; a token is of the topics of one `prefix`."""

    prefix: str

    async def open(self) -> None:
        """Begin, before anything else is called."""

    async def close(self) -> None:
        """Wait for nothing more."""

    async def publish(self, command: Outgoing, timeout: float) -> None:  # noqa: ASYNC109  # told apart by the client
        """Return once brokers have it; raises TooLarge, and TimeoutError after so many seconds."""

    async def ask(self, command: Outgoing, timeout: float) -> Reply:  # noqa: ASYNC109  # told apart by the client
        """Publish it and return the next reply that is meant for it; raises TooLarge, and TimeoutError likewise."""

    def read(
        self, aggregate: str, entity_id: str | None, after: Offsets, *, follow: bool
    ) -> AbstractAsyncContextManager[Reading]:
        """The committed events from these offsets on, of the entity's partition or of all; raises EventsGone.

        Unless it is to follow, up to where they ended when it was called.
        """

    async def ends(self, aggregate: str, entity_id: str | None) -> Offsets:
        """Where the committed events end, of the entity's partition or of all."""
