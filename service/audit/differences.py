"""Says where two messages differ, field by field, so that a violation can be read without the log at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_SHOWN = 160
_NUMBERS = frozenset({bool, int, float})


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
    elif not same(expected, actual):
        yield _line(path, expected, actual)


def same(expected: Any, actual: Any) -> bool:
    """Whether nothing differs, which is what is asked first, and of every message."""
    kind = type(actual)
    if type(expected) is dict:
        if kind is not dict or len(expected) != len(actual):
            return False
        return all(name in actual and same(value, actual[name]) for name, value in expected.items())
    if type(expected) is list:
        return kind is list and len(expected) == len(actual) and all(map(same, expected, actual))
    # In Python 1 == True == 1.0; on the wire they are three.
    if type(expected) in _NUMBERS and type(expected) is not kind:
        return False
    return bool(expected == actual)


def _line(path: str, expected: Any, actual: Any) -> str:
    return f"{path} is {_short(actual)}, must be {_short(expected)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
