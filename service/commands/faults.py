"""Why a record was not judged, and what of it can be answered."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fairlead.bounds import Text
from fairlead.envelope import Command

_MAX_ID = 200
_TRACE_LENGTH = 8_000
_TEXT: TypeAdapter[str] = TypeAdapter(Text)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a record is no command, or was not judged as one; `trace` where code failed."""

    code: str
    message: str
    command_id: str | None = None
    subject: str | None = None
    correlation_id: str | None = None
    trace: str | None = None


def unreadable(code: str, message: str, raw: Mapping[str, Any]) -> Unreadable:
    """The fault of a record with these members, of which nothing is known."""
    try:
        correlation_id = _TEXT.validate_python(raw.get("correlationid"), strict=True)
    except ValidationError:
        correlation_id = None
    command_id, subject = raw.get("id"), raw.get("subject")
    return Unreadable(
        code,
        message,
        command_id if isinstance(command_id, str) and 1 <= len(command_id) <= _MAX_ID else None,
        subject if isinstance(subject, str) else None,
        correlation_id,
    )


def fault_of(command: Command | Unreadable, code: str, message: str, trace: str | None = None) -> Unreadable:
    """The same of what was read, whatever it is."""
    if isinstance(command, Unreadable):
        return replace(command, code=code, message=message, trace=trace)
    return Unreadable(code, message, command.id, command.subject, command.correlationid, trace)


def trace_of(error: Exception) -> str:
    """Where our code failed. It may quote what a command holds: it rests with the dead letter, not in a log."""
    return "".join(traceback.format_exception(error))[-_TRACE_LENGTH:]
