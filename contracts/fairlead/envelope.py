"""The envelopes around every message: CloudEvents 1.0 in structured JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, NamedTuple, NotRequired

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from fairlead.bounds import MAX_INTEGER, Message, Text, Time, Uuid
from fairlead.versions import version_of

CONTENT_TYPE = ("content-type", b"application/cloudevents+json")

_ATTRIBUTE_NAME = re.compile(r"[a-z0-9]+")
_ANY_LITERAL: Any = Literal
_ANY_DICT: Any = TypedDict
_ATTRIBUTES: dict[str, Any] = {
    "specversion": Literal["1.0"],
    "id": Uuid,
    "source": Text,
    "type": str,
    "subject": str,
    "data": Message,
    "time": NotRequired[Time | None],
    "datacontenttype": NotRequired[Literal["application/json"] | None],
    "dataschema": NotRequired[str | None],
    "expectedversion": NotRequired[Annotated[int, Field(ge=0, le=MAX_INTEGER)] | None],
    "correlationid": NotRequired[Text | None],
}
ATTRIBUTES = frozenset(_ATTRIBUTES)

Status = Literal["accepted", "rejected", "invalid", "conflict", "busy", "failed"]
FINAL: frozenset[Status] = frozenset({"accepted", "rejected", "invalid", "conflict"})


class Command(NamedTuple):
    """What is asked of an entity: of a command's attributes those that count."""

    id: str
    type: str
    subject: str
    data: Message
    expectedversion: int | None
    correlationid: str | None


class EventRef(BaseModel):
    """Which event a command led to."""

    id: str
    type: str
    version: int


class Outcome(BaseModel):
    """What became of a command."""

    status: Status
    code: str | None = Field(description="Why, for programs; null where it was accepted.")
    message: str | None = Field(description="Why, for people.")
    entity_version: int | None = Field(description="After the command; 0: there is none; null: it was not judged.")
    events: list[EventRef]
    duplicate: bool = Field(description="Whether it repeats one that was judged before, with that one's outcome.")
    retry_after_ms: int | None = Field(description="Where it is busy: when to send it again.")


class Reply(BaseModel):
    """The answer to a command; attributes that a later version adds are ignored."""

    id: str
    source: str
    type: Literal["CommandReply"]
    subject: str | None = None
    time: AwareDatetime
    causationid: str
    commanddigest: str | None = None
    correlationid: str | None = None
    data: Outcome


class Event(BaseModel):
    """An event as it stands on its topic, its data not yet read; later attributes are ignored."""

    id: str
    source: str
    type: str
    subject: str
    time: AwareDatetime
    dataschema: str | None = None
    entityversion: int
    causationid: str
    commanddigest: str
    correlationid: str | None = None
    data: dict[str, Any]


def schema_id(aggregate: str, message_type: str, version: int = 1) -> str:
    """The `dataschema` of a message in a version."""
    return f"urn:fairlead:{aggregate}:{message_type}:{version}"


def command_adapter(
    aggregate: str, entity_id: Any, commands: Mapping[str, type[Message]]
) -> TypeAdapter[dict[str, Any]]:
    """Reads the attributes of one command of an aggregate from JSON in a single pass, its data by its type.

    `entity_id` is the annotated type of the subject. Attributes beyond `ATTRIBUTES` are CloudEvents extensions.
    Reading raises pydantic's ValidationError.
    """
    envelopes = [_envelope(aggregate, entity_id, name, message) for name, message in commands.items()]
    union: Any = reduce(or_, envelopes)
    return TypeAdapter(Annotated[union, Field(discriminator="type")])


def _envelope(aggregate: str, entity_id: Any, name: str, message: type[Message]) -> Any:
    version = version_of(message)
    schema = _ANY_LITERAL[schema_id(aggregate, name, version)]
    narrowed = {
        "type": _ANY_LITERAL[name],
        "subject": entity_id,
        # Absent means version 1: of another one it has to be said.
        "dataschema": NotRequired[schema | None] if version == 1 else schema,
        "data": message,
    }
    # No model: to make one of these for each command took a third of the time of reading it.
    envelope = _ANY_DICT(f"{message.__name__}Command", _ATTRIBUTES | narrowed)
    envelope.__pydantic_config__ = ConfigDict(strict=True, extra="allow")
    return envelope


def misnamed_attributes(names: Iterable[str]) -> list[str]:
    """Those names of attributes that CloudEvents does not allow, such as a misspelt `expectedVersion`."""
    return [name for name in names if not _ATTRIBUTE_NAME.fullmatch(name)]
