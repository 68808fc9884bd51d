"""What a reader can be told: a state, part of a list, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Key = TypeVar("Key", str, int)


class NotFound(LookupError):
    """Nothing of this name was there; the message says what.

    It is `stale`, and no last word, where a `reason` for that is told, and what to do.
    """

    def __init__(self, told: str, reason: str | None = None) -> None:
        super().__init__(_but(told, reason))
        self.stale = reason is not None


class Gone(LookupError):
    """It was there, and never will be again."""


class Incomplete(Exception):
    """Only part of it could be told, which would look like all; the message says why, and what to do."""


class NotYet(Exception):
    """The projection has not come so far as the reader has asked for; `reached` is the version it has, 0 for none.

    It is `stale`, and time alone changes nothing, where a `reason` for that is told, and what to do.
    """

    def __init__(self, reached: int, reason: str | None = None) -> None:
        super().__init__(_but(f"The projection has version {reached}", reason))
        self.reached = reached
        self.stale = reason is not None


def put_aside(projection: str) -> str:
    """The reason where a projection has parked what is asked for, or may have."""
    return (
        f"a fault has put aside messages for the projection {projection} that may change that: `fairlead projections "
        f"list` says which; once it is mended, `fairlead projections redrive {projection}` has them taken"
    )


def not_found(aggregate: str, entity_id: str, reason: str | None = None) -> NotFound:
    """The domain's own words."""
    return NotFound(f"{aggregate.capitalize()} with ID {entity_id} not found", reason)


def gone(aggregate: str, entity_id: str) -> Gone:
    """The domain's own words."""
    return Gone(f"{aggregate.capitalize()} with ID {entity_id} was deleted")


@dataclass(frozen=True, slots=True)
class State:
    """An entity as people read it, at a version; `stale` where its projection has parked it."""

    entity_id: str
    version: int
    fields: Mapping[str, Any]
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Slice(Generic[Item, Key]):
    """Part of a list in the order of its keys; `next` is the last key in it, and null where nothing is behind it.

    `others` is told of the whole of it.
    """

    items: Sequence[Item]
    next: Key | None = None
    others: Mapping[str, Any] = field(default_factory=dict)


def cut(rows: Sequence[Item], limit: int, key: Callable[[Item], Key], **others: Any) -> Slice[Item, Key]:
    """Up to `limit` of these rows, of which there is one more where there are more."""
    items = rows[:limit]
    return Slice(items, key(items[-1]) if len(rows) > limit else None, others)


def _but(told: str, reason: str | None) -> str:
    return told if reason is None else f"{told}, but {reason}"
