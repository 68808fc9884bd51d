"""Everything that can be wrong with a record on the commands topic, one or several faults at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from service.audit.contract import LIMIT
from service.audit.records import Json

Raw = tuple[bytes | None, bytes | None]
_UNKNOWN = ("sink_ship", "audit_user", "Load_cargo", "Ünknown; type: x", "")


def spoil(random: Random, intent: str, command: Json) -> Raw:
    """The key and value of a command, made wrong where that is the intent."""
    if intent == "unknown_command":
        return _raw({**command, "type": random.choice(_UNKNOWN)})
    if intent == "unreadable":
        return random.choice(_UNREADABLE)(command)
    if intent == "invalid_command":
        return random.choice(_INVALID)(command)
    return _raw(command)


def _raw(command: Json) -> Raw:
    return str(command["subject"]).encode(), json.dumps(command, ensure_ascii=False).encode()


def _value(value: bytes | None) -> Callable[[Json], Raw]:
    return lambda command: (command["subject"].encode(), value)


def _with(**attributes: Any) -> Callable[[Json], Raw]:
    """A command under its own key with these attributes; None leaves one out."""

    def change(command: Json) -> Raw:
        kept = {
            name: value
            for name, value in {**command, **attributes}.items()
            if name not in attributes or value is not None
        }
        return command["subject"].encode(), json.dumps(kept, ensure_ascii=False).encode()

    return change


def _data(*faults: Callable[[Json], Any]) -> Callable[[Json], Raw]:
    """A command whose data gets these faults; what a fault returns is put beside it."""

    def change(command: Json) -> Raw:
        data = dict(command["data"])
        for fault in faults:
            data |= fault(data)
        return _raw({**command, "data": data})

    return change


def _first(value: Any) -> Callable[[Json], Json]:
    """Another value for the first field, or an unknown field where there is none."""
    return lambda data: {next(iter(data), "nothing"): value}


def _both(one: Callable[[Json], Raw], attribute: str) -> Callable[[Json], Raw]:
    """A fault and a misspelt attribute beside it: the answer names both."""
    return lambda command: one({**command, attribute: 1})


def _without_key(command: Json) -> Raw:
    return None, _raw(command)[1]


def _other_key(command: Json) -> Raw:
    return b"another", _raw(command)[1]


def _half(command: Json) -> Raw:
    key, value = _raw(command)
    return key, (value or b"")[:-1]


def _latin(command: Json) -> Raw:
    key, value = _raw({**command, "source": "/caf\u00e9"})
    return key, (value or b"").decode().encode("latin-1", "replace")


_UNREADABLE: Sequence[Callable[[Json], Raw]] = (
    *map(_value, (None, b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"id": NaN}', b'"text"')),
    _half,
    _latin,
    _with(id=7),
    _with(id=None),
    _with(type=None),
    _with(type=["dock_ship"], correlationid="kept"),
    _with(specversion=1.0),
    _with(specversion=None, subject=None),
)
_WRONG_FIELDS: Sequence[Any] = ("", "x" * 201, "a\u0007b", "cafe\u0301", None, [], 1.5, True, -LIMIT - 1)
_INVALID: Sequence[Callable[[Json], Raw]] = (
    _without_key,
    _other_key,
    _with(specversion="0.3"),
    _with(id="no uuid"),
    _with(id="0B9C7E0E-6F0B-4C57-9D6B-0D3A3A5C1C11"),
    _with(source=None),
    _with(source="x" * 201, correlationid="kept"),
    _with(subject=None),
    _with(subject="007"),
    _with(data=None),
    _with(data=[]),
    _with(data={"surprise": True}),
    _with(time="yesterday"),
    _with(time="2026-11-24T18:20:00"),
    _with(datacontenttype="text/plain"),
    _with(dataschema="urn:fairlead:ship:dock_ship:2"),
    _with(expectedversion=-1),
    _with(expectedversion=True),
    _with(correlationid=""),
    _with(expectedVersion=1),
    _with(data_base64="e30="),
    *(_data(_first(value)) for value in _WRONG_FIELDS),
    _data(lambda _: {"surprise": 1}),
    _data(_first({}), lambda _: {"surprise": 1}),
    _both(_data(_first([])), "expectedVersion"),
    _both(_other_key, "expectedVersion"),
    _both(_with(source="", expectedversion=-1), "Trace_Id"),
)
