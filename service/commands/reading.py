"""From bytes to a command, or to the reason why these bytes are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fairlead.bounds import MAX_VALUE_BYTES, Text
from fairlead.envelope import Command, command_adapter, misnamed_attributes
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from service.commands.ports import Record
from service.domain import Aggregate

_SHOWN_FAULTS = 10
_MAX_ID = 200
_TEXT: TypeAdapter[str] = TypeAdapter(Text)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a record is no command, and what of it can be answered."""

    code: str
    message: str
    command_id: str | None = None
    subject: str | None = None
    correlation_id: str | None = None


class CommandReader:
    """Reads the commands of one aggregate; building it is slow, reading is one pass of pydantic."""

    def __init__(self, aggregate: Aggregate) -> None:
        self._types = frozenset(aggregate.commands)
        self._validate = command_adapter(aggregate.name, aggregate.entity_id, aggregate.commands).validate_json

    def read(self, record: Record) -> Command | Unreadable:
        """The command in a record; never raises."""
        value = record.value
        if value is None:
            return Unreadable("unreadable", "The record has no value")
        if len(value) > MAX_VALUE_BYTES:
            return Unreadable("too_large", f"The value is larger than {MAX_VALUE_BYTES} bytes")
        try:
            command = self._validate(value)
        except ValidationError as error:
            return self._explain(value, record.key, error)
        faults = [f"{name}: no attribute of CloudEvents has such a name" for name in misnamed_attributes(command)]
        if record.key != command.subject.encode():
            faults.append("key: must be the subject")
        if faults:
            return Unreadable("invalid_command", "; ".join(faults), command.id, command.subject, command.correlationid)
        return command

    def _explain(self, value: bytes, key: bytes | None, error: ValidationError) -> Unreadable:
        try:
            raw = from_json(value, allow_inf_nan=False)
        except ValueError as fault:
            return Unreadable("unreadable", f"The value is not JSON: {fault}")
        if not isinstance(raw, dict):
            return Unreadable("unreadable", "The value is not a JSON object")
        command_id, subject = _short(raw.get("id")), _short(raw.get("subject"))
        correlation_id = _correlation(raw.get("correlationid"))
        missing = [name for name in ("specversion", "id", "type") if not isinstance(raw.get(name), str)]
        if missing:
            message = f"The value is not a CloudEvent: {', '.join(missing)} must be a string"
            return Unreadable("unreadable", message, command_id, subject, correlation_id)
        if raw["type"] not in self._types:
            message = f"Unknown command: {raw['type'][:_MAX_ID]}"
            return Unreadable("unknown_command", message, command_id, subject, correlation_id)
        faults = _faults(error)
        if subject is None or key != subject.encode():
            faults.append("key: must be the subject")
        return Unreadable("invalid_command", "; ".join(faults), command_id, subject, correlation_id)


def _short(value: Any) -> str | None:
    return value if isinstance(value, str) and 1 <= len(value) <= _MAX_ID else None


def _correlation(value: Any) -> str | None:
    try:
        return _TEXT.validate_python(value, strict=True)
    except ValidationError:
        return None


def _faults(error: ValidationError) -> list[str]:
    """A line for each fault, with its path; the union's tag, which is no part of the message, left out."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    faults = [f"{'.'.join(map(str, detail['loc'][1:])) or 'value'}: {detail['msg']}" for detail in details]
    if len(faults) > _SHOWN_FAULTS:
        return [*faults[:_SHOWN_FAULTS], f"and {len(faults) - _SHOWN_FAULTS} more"]
    return faults
