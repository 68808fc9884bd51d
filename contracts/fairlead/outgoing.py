"""A command as it is written: what a caller says of it becomes one CloudEvent."""

from __future__ import annotations

import sys
from typing import Any, TypedDict
from uuid import uuid4

import orjson

from fairlead.bounds import MAX_VALUE_BYTES, Message
from fairlead.envelope import schema_id
from fairlead.failures import TooLarge
from fairlead.versions import version_of


class Extras(TypedDict, total=False):
    """What may go with any command."""

    expected_version: int | None
    command_id: str | None
    correlation_id: str | None


def aggregate_of(command: Message) -> tuple[str, str]:
    """The aggregate and the type of a command, by the module that declares it; raises LookupError."""
    module = sys.modules[type(command).__module__]
    for name, model in getattr(module, "COMMANDS", {}).items():
        if type(command) is model:
            return module.__name__.rpartition(".")[2], name
    msg = f"{type(command).__name__} is no command of one aggregate: name that by send_raw or publish_raw"
    raise LookupError(msg)


def said(command: Message) -> dict[str, Any]:
    """The data of a command as its caller gave it: a field more that nobody used is not sent.

    So a former service still reads it, and it is the same command as by a former release of this package.
    """
    return command.model_dump(mode="json", exclude_unset=True)


def _version(aggregate: str, type_: str) -> int:
    """The present version of a command, as far as its contract was imported: who never did writes what came first."""
    known = getattr(sys.modules.get(f"fairlead.{aggregate}"), "COMMANDS", {})
    return version_of(known[type_]) if type_ in known else 1


def encode(  # noqa: PLR0913  # a command has as many parts
    source: str, aggregate: str, type_: str, entity_id: str, data: Any, extras: Extras, version: int | None = None
) -> tuple[str, bytes]:
    """The id of a command, new where none is given, and its bytes, in its present version; raises TooLarge."""
    command_id = extras.get("command_id") or str(uuid4())
    envelope = {
        "specversion": "1.0",
        "id": command_id,
        "source": source,
        "type": type_,
        "subject": entity_id,
        "datacontenttype": "application/json",
        "dataschema": schema_id(aggregate, type_, version or _version(aggregate, type_)),
        "expectedversion": extras.get("expected_version"),
        "correlationid": extras.get("correlation_id"),
        "data": data,
    }
    value = orjson.dumps({name: given for name, given in envelope.items() if given is not None or name == "data"})
    if len(value) > MAX_VALUE_BYTES:
        msg = f"The command has {len(value)} bytes, more than the {MAX_VALUE_BYTES} allowed; it was not sent"
        raise TooLarge(msg)
    return command_id, value
