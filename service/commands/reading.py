"""From bytes to a command, or to the reason why these bytes are none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from fairlead.bounds import MAX_VALUE_BYTES
from fairlead.envelope import ATTRIBUTES, Command, command_adapter, misnamed_attributes
from fairlead.former import Former
from service.commands.faults import Unreadable, trace_of, unreadable
from service.commands.ports import Record
from service.commands.repairing import repaired
from service.domain import Aggregate

Read = tuple[Record, Command | Unreadable]

_SHOWN_FAULTS = 10
_SHOWN_NAME = 100
_are_attributes = ATTRIBUTES.issuperset
_OTHER_KEY = "key: must be the subject"


class CommandReader:
    """Reads the commands of one aggregate; building it is slow, reading is one pass of pydantic."""

    def __init__(self, aggregate: Aggregate) -> None:
        self._types = frozenset(aggregate.commands)
        self._former = Former(aggregate.name, aggregate.commands)
        self._entity_id: TypeAdapter[str] = TypeAdapter(aggregate.entity_id)
        self._validate = command_adapter(
            aggregate.name, aggregate.entity_id, aggregate.commands
        ).validator.validate_json

    def read(self, record: Record) -> Command | Unreadable:
        """The command in a record, or why it is none; never raises."""
        try:
            return self._read(record.value, record.key)
        except Exception as error:  # noqa: BLE001  # a fault of ours on one record must not stop the others
            return self._salvaged(record, error)

    def _read(self, value: bytes | None, key: bytes | None) -> Command | Unreadable:
        if value is None:
            return Unreadable("unreadable", "The record has no value")
        if len(value) > MAX_VALUE_BYTES:
            return unreadable("too_large", f"The value is larger than {MAX_VALUE_BYTES} bytes", _members(value))
        try:
            raw = self._validate(value)
        except ValidationError as error:
            brought_up = self._former.brought_up(value) if self._former else None
            return self._explain(value, key, error) if brought_up is None else self._read(brought_up, key)
        if key != raw["subject"].encode() or not _are_attributes(raw):
            return self._checked(raw, value, key)
        return _command(raw)

    def _checked(self, raw: Mapping[str, Any], value: bytes, key: bytes | None) -> Command | Unreadable:
        extensions = [name for name in raw if name not in ATTRIBUTES]
        # pydantic reads NaN and Infinity, which are no JSON, and would find no fault with them in an extension.
        if extensions and (b"NaN" in value or b"Infinity" in value) and isinstance(fault := _parse(value), str):
            return Unreadable("unreadable", fault)
        command, faults = _command(raw), _misnamed(extensions)
        if key != command.subject.encode():
            faults.append(_OTHER_KEY)
        if not faults:
            return command
        return Unreadable("invalid_command", _joined(faults), command.id, command.subject, command.correlationid)

    def _salvaged(self, record: Record, error: Exception) -> Unreadable:
        """What can be answered where reading failed; the subject only where it may be asked for."""
        code, message, trace = "internal_error", type(error).__name__, trace_of(error)
        try:
            fault = unreadable(code, message, _members(record.value or b""))
        except Exception:  # noqa: BLE001  # as in read
            return Unreadable(code, message, trace=trace)
        try:
            subject = self._entity_id.validate_python((record.key or b"").decode(), strict=True)
        except ValueError:
            subject = None
        return replace(fault, subject=subject if subject == fault.subject else None, trace=trace)

    def _explain(
        self, value: bytes, key: bytes | None, error: ValidationError | None, known: Sequence[str] = ()
    ) -> Unreadable:
        raw = _parse(value)
        if isinstance(raw, str):
            return self._repaired(value, key, raw) or Unreadable("unreadable", raw)
        missing = [name for name in ("specversion", "id", "type") if not isinstance(raw.get(name), str)]
        if missing:
            return unreadable("unreadable", f"The value is no CloudEvent: {', '.join(missing)} must be a string", raw)
        if raw["type"] not in self._types:
            return unreadable("unknown_command", f"Unknown command: {raw['type']}", raw)
        faults = list(known)
        if error is not None:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            faults += [f"{_path(raw, detail)}: {detail['msg']}" for detail in details]
        faults += _misnamed(raw)
        if not isinstance(raw.get("subject"), str) or key != raw["subject"].encode():
            faults.append(_OTHER_KEY)
        return unreadable("invalid_command", _joined(faults), raw)

    def _repaired(self, value: bytes, key: bytes | None, why: str) -> Unreadable | None:
        """What it is but for what no parser reads; None where that is not what is wrong."""
        found = repaired(value)
        # What is nested too deep is so still: to repair it again would end only where Python's own stack does.
        if found is None or isinstance(_parse(found[0]), str):
            return None
        clean, faults = found
        try:
            self._validate(clean)
        except ValidationError as error:
            return self._explain(clean, key, error, faults)
        # With none found it stands under a name that stands there again.
        return self._explain(clean, key, None, faults or [f"value: {why}"])


def _command(raw: Mapping[str, Any]) -> Command:
    expected, correlation = raw.get("expectedversion"), raw.get("correlationid")
    # Past what a NamedTuple makes of its fields by itself, which is Python.
    return tuple.__new__(Command, (raw["id"], raw["type"], raw["subject"], raw["data"], expected, correlation))


def _parse(value: bytes) -> dict[str, Any] | str:
    """The members of a JSON object, or why it is none."""
    try:
        raw = from_json(value, allow_inf_nan=False)
    except ValueError as fault:
        return f"The value is not JSON: {fault}"
    return raw if isinstance(raw, dict) else "The value is not a JSON object"


def _members(value: bytes) -> dict[str, Any]:
    raw = _parse(value)
    if isinstance(raw, str) and (found := repaired(value)):
        raw = _parse(found[0])
    return {} if isinstance(raw, str) else raw


def _misnamed(names: Iterable[str]) -> list[str]:
    wrong = misnamed_attributes(names)
    return [f"{name[:_SHOWN_NAME]}: no attribute of CloudEvents has such a name" for name in wrong]


def _joined(faults: Sequence[str]) -> str:
    """One message, so short that it fits into a reply and a header whatever was sent."""
    rest = [f"and {len(faults) - _SHOWN_FAULTS} more"] if len(faults) > _SHOWN_FAULTS else []
    return "; ".join([*faults[:_SHOWN_FAULTS], *rest])


def _path(raw: Any, detail: ErrorDetails) -> str:
    """Where in the message a fault is: pydantic's path without the tags of unions, which are no part of the message."""
    place, path = raw, []
    for part in detail["loc"]:
        if (isinstance(place, dict) and part in place) or (isinstance(place, list) and isinstance(part, int)):
            place = place[part]  # type: ignore[index]  # a part of a dict's path is one of its keys
            path.append(str(part)[:_SHOWN_NAME])
    if detail["type"] == "missing":
        path.append(str(detail["loc"][-1]))
    return ".".join(path) or "value"
