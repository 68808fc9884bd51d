"""Says where two messages differ, field by field, so that a violation can be read without the log at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_SHOWN = 160


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


_ABSENT = _Absent()


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[str]:
    """A line for each field that differs; `expected` may hold stand-ins."""
    if type(expected) is dict and type(actual) is dict:
        for name, value in expected.items():
            yield from differences(value, actual.get(name, _ABSENT), f"{path}.{name}" if path else name)
        for name in actual.keys() - expected.keys():
            yield _line(f"{path}.{name}" if path else name, _ABSENT, actual[name])
    elif type(expected) is list and type(actual) is list and len(expected) == len(actual):
        for place, (value, found) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(value, found, f"{path}[{place}]")
    elif not _same(expected, actual):
        yield _line(path, expected, actual)


def _same(expected: Any, actual: Any) -> bool:
    # In Python 1 == True == 1.0; on the wire they are three.
    numbers = (bool, int, float)
    if isinstance(expected, numbers) and type(expected) is not type(actual):
        return False
    return bool(expected == actual)


def _line(path: str, expected: Any, actual: Any) -> str:
    return f"{path} is {_short(actual)}, must be {_short(expected)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
