"""The commands that every aggregate has: what is asked of the service, and not of the domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from fairlead.bounds import MAX_INTEGER, MAX_SKIPPED, Message
from fairlead.history import import_history

REDRIVE_PARKED = "redrive_parked"
DISCARD_PARKED = "discard_parked"
CONTROL = frozenset({REDRIVE_PARKED, DISCARD_PARKED})

Offset = Annotated[int, Field(ge=0, le=MAX_INTEGER)]


class RedriveParked(Message):
    """Judge what waits behind a command that failed, but for the commands at these offsets."""

    skip: Annotated[Sequence[Offset], Field(max_length=MAX_SKIPPED, examples=[[17]])] = ()


class DiscardParked(Message):
    """Go on without what waits behind a command that failed."""


def common_commands(events: Mapping[str, Any]) -> dict[str, type[Message]]:
    """The commands of an aggregate that are not its own; `events` as for `import_history`."""
    return {
        "import_history": import_history(events),
        REDRIVE_PARKED: RedriveParked,
        DISCARD_PARKED: DiscardParked,
    }
