"""What the same suite asks of the in-memory twin and of the running service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

PARTITIONS = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command came to stand on its topic."""

    aggregate: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Message:
    """A record as a subscriber reads it."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]

    @property
    def json(self) -> Any:
        """What its value says."""
        return orjson.loads(self.value or b"null")


class Harness(Protocol):
    """A flow of commands; entity ids are never used by two tests, since the topics are the same for all."""

    async def publish(
        self,
        aggregate: str,
        key: bytes | None,
        value: bytes | None,
        *,
        headers: Sequence[tuple[str, bytes | None]] = (),
        partition: int | None = None,
    ) -> Place:
        """Append to the commands; by the key's partition where none is named."""

    async def reply(self, place: Place, by: Place | None = None) -> Message:
        """The reply to the command at a place, or that to it when the one at another redrives it, once it is there."""

    async def dead_letter(self, place: Place) -> Message:
        """What was put aside of the command at a place, once it is there."""

    async def snapshots(self, aggregate: str, entity_id: str) -> list[Message]:
        """All records by now that say from which command on an entity is parked."""

    async def events(self, aggregate: str, entity_id: str) -> list[Message]:
        """All events of an entity that are committed by now."""


async def send(harness: Harness, aggregate: str, command: Mapping[str, Any]) -> Any:
    """Publish a command as anyone may write it by hand, and await its reply."""
    place = await harness.publish(aggregate, command["subject"].encode(), orjson.dumps(command))
    return (await harness.reply(place)).json


async def ask(harness: Harness, aggregate: str, command: Mapping[str, Any]) -> tuple[str, str | None, str | None, int]:
    """The status, code, message and version of a reply."""
    data = (await send(harness, aggregate, command))["data"]
    return data["status"], data["code"], data["message"], data["entity_version"]


async def told(harness: Harness, aggregate: str, entity_id: str) -> list[tuple[str, Any]]:
    """The types of an entity's events, with their data."""
    return [(event.json["type"], event.json["data"]) for event in await harness.events(aggregate, entity_id)]
