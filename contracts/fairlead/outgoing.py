"""A command as it is written: what a caller says of it becomes one CloudEvent."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

import orjson

from fairlead.bounds import MAX_ID_LENGTH, MAX_VALUE_BYTES, Message
from fairlead.envelope import CONTENT_TYPE, schema_id
from fairlead.failures import TooLarge

Headers = Sequence[tuple[str, bytes]]

# The topic's bound counts a whole batch: so much of it and more is neither key nor value nor header.
_ROOM = MAX_VALUE_BYTES - 200

_TRACE = ("traceparent", "tracestate")
_PLAIN: Headers = [CONTENT_TYPE]  # aiokafka takes no tuple


class Extras(TypedDict, total=False):
    """What may go with any command.

    `command_id` is a UUID, a new one where none is given: repeat it to send a command again. `expected_version` 0
    means that the entity must not exist. `traceparent` and `tracestate` are W3C trace context, such as OpenTelemetry's
    `inject` writes into a dict; with `correlation_id` they come back on the events.
    """

    expected_version: int | None
    command_id: str | UUID | None
    correlation_id: str | None
    traceparent: str | None
    tracestate: str | None


class Outgoing(NamedTuple):
    """A command ready to be published, however often."""

    aggregate: str
    entity_id: str
    id: str
    value: bytes
    headers: Headers


def aggregate_of(command: Message) -> tuple[str, str]:
    """The aggregate and the type of a command, by the module that declares it; raises LookupError."""
    return _place_of(type(command))


@cache
def _place_of(kind: type[Message]) -> tuple[str, str]:
    module = sys.modules[kind.__module__]
    for name, model in getattr(module, "COMMANDS", {}).items():
        if kind is model:
            return module.__name__.rpartition(".")[2], name
    msg = f"{kind.__name__} is no command of one aggregate: name that by send_raw or publish_raw"
    raise LookupError(msg)


def said(command: Message) -> dict[str, Any]:
    """The data of a command as its caller gave it: a field more that nobody used is not sent.

    So a former service still reads it, and it is the same command as by a former release of this package.
    """
    return command.model_dump(mode="json", exclude_unset=True)


def encode(  # noqa: PLR0913  # a command has as many parts
    source: str, aggregate: str, type_: str, entity_id: str, data: Any, extras: Extras, version: int = 1
) -> Outgoing:
    """A command whose data is of this version, with an id, new where none is given.

    Raises TooLarge, ValueError for an id that nobody would be answered by, and TypeError for a keyword that is
    none of the extras.
    """
    if extras:
        _require_known(extras)
    given = extras.get("command_id")
    # Whoever gives a UUID that is no text waits for what is answered by its text.
    command_id = str(given) if given else _new_id()
    if len(command_id) > MAX_ID_LENGTH:
        msg = f"A command's id has at most {MAX_ID_LENGTH} characters: nobody would be answered"
        raise ValueError(msg)
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": command_id,
        "source": source,
        "type": type_,
        "subject": entity_id,
        "datacontenttype": "application/json",
        "dataschema": schema_id(aggregate, type_, version),
    }
    if (expected := extras.get("expected_version")) is not None:
        envelope["expectedversion"] = expected
    if (correlation := extras.get("correlation_id")) is not None:
        envelope["correlationid"] = correlation
    envelope["data"] = data
    value = orjson.dumps(envelope)
    headers = _headers(extras) if extras else _PLAIN
    _hold_to_bound(value, entity_id, headers)
    return Outgoing(aggregate, entity_id, command_id, value, headers)


def _require_known(extras: Extras) -> None:
    # Python lets anything through, and a misspelt one passed over would be a protection that is silently off.
    known = Extras.__optional_keys__
    if unknown := extras.keys() - known:
        told = ", ".join(map(repr, sorted(unknown)))
        msg = (
            f"No such keyword: {told}. Beside those of the call itself, such as timeout, there are "
            f"{', '.join(sorted(known))}; the command was not sent"
        )
        raise TypeError(msg)


def _hold_to_bound(value: bytes, entity_id: str, headers: Headers) -> None:
    size = len(value) + len(entity_id.encode())
    for name, content in headers:
        size += len(name) + len(content)
    if size > _ROOM:
        msg = (
            f"The command has {size} bytes with its key and headers, more than the {_ROOM} that its topic has room for "
            f"(a value of all {MAX_VALUE_BYTES} allowed finds none there); it was not sent"
        )
        raise TooLarge(msg)


def _headers(extras: Extras) -> Headers:
    trace = [(name, given.encode()) for name in _TRACE if isinstance(given := extras.get(name), str)]
    return [CONTENT_TYPE, *trace] if trace else _PLAIN


def _new_id() -> str:
    """A random UUID; to have an object made of it first would take three times as long."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
