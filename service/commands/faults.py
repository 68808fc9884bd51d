"""Why a record was not judged, and what of it can be answered."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fairlead.bounds import MAX_ID_LENGTH, Text
from fairlead.envelope import Command

_TRACE_LENGTH = 8_000
_TEXT: TypeAdapter[str] = TypeAdapter(Text)
_BEHIND = "An earlier command of this entity failed: this one waits in the dead letters behind it"
_ELSEWHERE = (
    "The key belongs to another partition: publish with Kafka's murmur2 (librdkafka: partitioner=murmur2_random)"
)


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
        command_id if isinstance(command_id, str) and 1 <= len(command_id) <= MAX_ID_LENGTH else None,
        subject if isinstance(subject, str) else None,
        correlation_id,
    )


def elsewhere(command: Command) -> Unreadable:
    """It is not for this partition."""
    return _of(command, "wrong_partition", _ELSEWHERE)


def busy(command: Command) -> Unreadable:
    """Nothing is wrong with it, but it has to come again."""
    return _of(command, "busy", "Too many commands are waiting: send it again later, with the same id")


def behind_another(command: Command) -> Unreadable:
    """Nothing is wrong with it, but with one before it."""
    return _of(command, "parked", _BEHIND)


def still_behind() -> Unreadable:
    """The same of one that has been told so, and is not asked again what it is."""
    return Unreadable("parked", _BEHIND)


def internal_error(command: Command, error: Exception) -> Unreadable:
    """Our own code failed on it."""
    return replace(_of(command, "internal_error", type(error).__name__), trace=trace_of(error))


def not_writable(command: Command | Unreadable, error: str) -> Unreadable:
    """The broker failed on it."""
    return _of(command, "not_writable", f"The broker does not take what this command leads to: {error}")


def trace_of(error: Exception) -> str:
    """Where our code failed. It may quote what a command holds: it rests with the dead letter, not in a log."""
    return "".join(traceback.format_exception(error))[-_TRACE_LENGTH:]


def _of(command: Command | Unreadable, code: str, message: str) -> Unreadable:
    if isinstance(command, Unreadable):
        return replace(command, code=code, message=message)
    return Unreadable(code, message, command.id, command.subject, command.correlationid)
