"""A file of past events, read into one shape; everything wrong with a row is found before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, NamedTuple

import orjson
from pydantic import TypeAdapter, ValidationError

from fairlead.bounds import MAX_INTEGER, Message, Uuid
from fairlead.versions import NewerVersion
from service.cli.event_files import NoJson
from service.cli.formats import NOTEBOOK_SUFFIX
from service.cli.times import parse_time
from service.commands.identity import micros_of
from service.domain import Aggregate
from service.domain.aggregate import InvalidHistory

_FILE_FIELDS = frozenset({"event_id", "timestamp", "event_type", "entity_id", "data"})
_REPLAY_FIELDS = frozenset({"event", "event_type", "event_id", "created_at"})
# Of which version the data is; where it does not say, of the first.
_VERSION = "schema_version"
# The latest time so far of its entity, by which it has its place; where it does not say, its own.
_REACHED = "reached"
_EVENT_ID: TypeAdapter[str] = TypeAdapter(Uuid)


class Row(NamedTuple):
    """A row of which entity, times and event id are in order; without an id where the file gives it none.

    `data` is JSON, and not yet read as that of its type.
    """

    entity_id: str
    time: int
    place: int
    event_id: str | None
    type: str
    schema_version: int
    data: bytes
    reached: int


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with a row; `entity_id` is the one it names, if it does."""

    place: int
    entity_id: str | None
    message: str


def read_rows(aggregate: Aggregate, values: Iterable[tuple[int, Any]], zone: tzinfo) -> Iterator[Row | RowFault]:
    """Each row of a file in its turn, or what is wrong with it; `values` with their places."""
    identity: TypeAdapter[str] = TypeAdapter(aggregate.entity_id)
    for place, raw in values:
        entity_id = None
        try:
            if isinstance(raw, NoJson):
                raise raw
            shape = _shape(aggregate, raw)
            entity_id = _checked("entity_id" if shape is _FILE_FIELDS else "event_id", identity, _entity(raw, shape))
            yield _row(aggregate, place, raw, entity_id, zone)
        except ValueError as fault:
            yield RowFault(place, entity_id, str(fault))


def read_event(aggregate: Aggregate, row: Row, data: Mapping[str, Any]) -> Message:
    """The event of a row whose data says this; raises ValueError with what is wrong with it."""
    try:
        return aggregate.read_event(row.type, data, row.schema_version)
    except (InvalidHistory, NewerVersion) as error:
        raise ValueError(str(error)) from error
    except ValidationError as error:
        raise ValueError(_faults("data" if row.event_id else "event", error)) from error


def _shape(aggregate: Aggregate, raw: Any) -> frozenset[str]:
    if not isinstance(raw, dict):
        msg = "it is no object"
        raise ValueError(msg)  # noqa: TRY004  # a fault of the file, like the others
    shape = _REPLAY_FIELDS if "created_at" in raw and aggregate.name == "user" else _FILE_FIELDS
    if raw.keys() == shape:
        return shape
    faults = [] if shape <= raw.keys() else [f"{name} is missing" for name in sorted(shape - raw.keys())]
    faults += [f"{name} does not belong here" for name in sorted(raw.keys() - shape - {_VERSION, _REACHED})]
    version = raw.get(_VERSION, 1)
    if type(version) is not int or not 1 <= version <= MAX_INTEGER:
        faults.append(f"{_VERSION} is no number from 1")
    if faults:
        raise ValueError("; ".join(faults))
    return shape


def _entity(raw: Mapping[str, Any], shape: frozenset[str]) -> Any:
    given = raw["event_id"] if shape is _REPLAY_FIELDS else raw["entity_id"]
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


def _row(aggregate: Aggregate, place: int, raw: Mapping[str, Any], entity_id: str, zone: tzinfo) -> Row:
    replayed = "created_at" in raw
    kind = raw["event_type"]
    if not isinstance(kind, str):
        msg = "event_type is no text"
        raise ValueError(msg)  # noqa: TRY004  # as above
    if not kind.isascii():
        # Text that is not of Unicode cannot even be sorted.
        _dumped(kind)
    if replayed and kind.removesuffix(NOTEBOOK_SUFFIX) in aggregate.events:
        kind = kind.removesuffix(NOTEBOOK_SUFFIX)
    data = raw["event" if replayed else "data"]
    event_id = None if replayed else _checked("event_id", _EVENT_ID, raw["event_id"])
    time = micros_of(parse_time(raw["created_at" if replayed else "timestamp"], zone))
    reached = micros_of(parse_time(raw[_REACHED], zone)) if _REACHED in raw else time
    if reached < time:
        raise ValueError(f"{_REACHED} is before timestamp")
    written = _dumped({} if data is None else data)
    return Row(entity_id, time, place, event_id, kind, raw.get(_VERSION, 1), written, reached)


def _dumped(data: Any) -> bytes:
    try:
        return orjson.dumps(data)
    except TypeError as error:
        # Such as an integer of more than 64 bits, or text that is not of Unicode.
        raise ValueError(f"it cannot be written as JSON: {error}") from error


def _checked(name: str, kind: TypeAdapter[str], value: Any) -> str:
    try:
        checked: str = kind.validator.validate_python(value, strict=True)
    except ValidationError as error:
        raise ValueError(_faults(name, error)) from error
    return checked


def _faults(name: str, error: ValidationError) -> str:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    # A name may be sealed in an event, but not in a file; the other names in a path are those of pydantic's own types.
    plain = [detail for detail in details if "Sealed" not in detail["loc"]] or details
    paths = (".".join((name, *(part for part in map(str, detail["loc"]) if part.isidentifier()))) for detail in plain)
    return "; ".join(f"{path}: {detail['msg']}" for path, detail in zip(paths, plain, strict=True))
