"""Lone surrogates and endless integers are JSON by its grammar: whoever sent one is told where it stands."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

_LONE = re.compile("[\ud800-\udfff]")
# So many pydantic reads, and Python.
_DIGITS = 4_300
_KEPT_DIGITS = 100
_SURROGATE = "must not contain lone surrogates"
_ENDLESS = f"must not have more than {_DIGITS} digits"
_PATH = 300
_SHOWN = 100


class _Endless(int):
    """Stands for an integer that cannot be read: out of every bound as well."""


def repaired(value: bytes) -> tuple[bytes, list[str]] | None:
    """JSON that pydantic reads, and what was wrong with it, path by path; None where it is something else."""
    faults: list[str] = []
    try:
        raw = json.loads(value.decode(), parse_constant=_refuse, parse_int=_integer, parse_float=_float)
        return json.dumps(_clean(raw, "", faults)).encode(), faults
    except (ValueError, RecursionError):
        return None


def _integer(digits: str) -> int:
    return int(digits) if len(digits.lstrip("-")) <= _DIGITS else _Endless(digits[:_KEPT_DIGITS])


def _float(text: str) -> float:
    # One beyond all others would be written as a constant that is no JSON.
    return min(max(float(text), -sys.float_info.max), sys.float_info.max)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _clean(raw: Any, path: str, faults: list[str]) -> Any:
    if isinstance(raw, str):
        clean = _LONE.sub("\ufffd", raw)
        if clean != raw:
            faults.append(_fault(path, _SURROGATE))
        return clean
    if isinstance(raw, _Endless):
        faults.append(_fault(path, _ENDLESS))
        return int(raw)
    if isinstance(raw, dict):
        names = {name: _LONE.sub("\ufffd", name) for name in raw}
        faults += [_fault(_join(path, clean), _SURROGATE) for name, clean in names.items() if name != clean]
        return {names[name]: _clean(member, _join(path, names[name]), faults) for name, member in raw.items()}
    if isinstance(raw, list):
        return [_clean(member, _join(path, str(place)), faults) for place, member in enumerate(raw)]
    return raw


def _fault(path: str, message: str) -> str:
    return f"{path[:_SHOWN] or 'value'}: {message}"


def _join(path: str, name: str) -> str:
    # Cut at each step: one long name above many others would be kept once for each of them.
    return (f"{path}.{name[:_PATH]}" if path else name)[:_PATH]
