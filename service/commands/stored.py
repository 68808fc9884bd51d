"""The shapes in which a store keeps what is known: it is a cache, so they may change with the code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import orjson
from pydantic import TypeAdapter

from service.commands.ports import StoreBroken
from service.domain import Aggregate

EventRef = tuple[str, str, int]


class Entity(NamedTuple):
    """A folded state; `time` of the last event in microseconds, `place` counts the outcomes that were remembered."""

    state: Any
    version: int = 0
    time: int = 0
    place: int = 0


class Outcome(NamedTuple):
    """What a command led to: enough to give the same answer again.

    `events` are (id, type, version); `time` in microseconds.
    """

    status: str
    code: str | None
    message: str | None
    entity_version: int
    events: tuple[EventRef, ...]
    digest: str
    time: int


class Remembered(NamedTuple):
    """An outcome, its place among those of its entity, and the partition's clock when it was remembered."""

    outcome: Outcome
    place: int
    clock: int


def outcome_key(entity_id: str, command_id: str) -> str:
    """By what an outcome is found: a command's id has a fixed length, so that no two have the same."""
    return entity_id + command_id


def event_key(entity_id: str, version: int) -> str:
    """By what the id of an event is found."""
    return f"{entity_id}/{version}"


def pack_outcome(outcome: tuple[Any, ...], place: int, clock: int) -> bytes:
    """An outcome, or its parts, as it is kept: packed at once, for in memory there are many, and few are asked for."""
    return _own(orjson.dumps((*outcome, place, clock)))


def _own(raw: bytes) -> bytes:
    """A copy: what orjson 3.13 has written holds on to 4 KiB for these 300 bytes."""
    return bytes(memoryview(raw))


def unpack_outcome(raw: bytes) -> Remembered:
    """What was packed; raises StoreBroken."""
    try:
        status, code, message, entity_version, events, digest, time, place, clock = orjson.loads(raw)
        refs = tuple((id_, type_, version) for id_, type_, version in events)
    except (TypeError, ValueError) as error:
        raise StoreBroken("an outcome in the local store is none") from error
    return Remembered(Outcome(status, code, message, entity_version, refs, digest, time), place, clock)


class States:
    """Reads and writes the states of an aggregate, by the name of each."""

    def __init__(self, aggregate: Aggregate) -> None:
        self._read: dict[str, Callable[[Any], Any]] = {
            state.__name__: TypeAdapter(state).validator.validate_python for state in aggregate.states
        }

    def tagged(self, state: Any) -> tuple[str, Any]:
        """The state as orjson writes it, with `default=vars`."""
        return type(state).__name__, state

    def read(self, name: str, fields: Any) -> Any:
        """The state again; raises KeyError and ValidationError."""
        return self._read[name](fields)

    def pack(self, entity: Entity) -> bytes:
        """An entity as it is kept."""
        return _own(orjson.dumps((self.tagged(entity.state), *entity[1:]), default=vars))

    def unpack(self, raw: bytes) -> Entity:
        """What was packed; raises StoreBroken."""
        try:
            (name, fields), *rest = orjson.loads(raw)
            return Entity(self.read(name, fields), *rest)
        except (KeyError, TypeError, ValueError) as error:
            raise StoreBroken("an entity in the local store is none") from error
