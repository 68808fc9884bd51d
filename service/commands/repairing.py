"""Lone surrogates and endless integers are JSON by its grammar: whoever sent one is told where it stands."""

from __future__ import annotations

import json
import re
from typing import Any

_LONE = re.compile("[\ud800-\udfff]")
_DIGITS = 100
_PATH = 300


def repaired(value: bytes) -> tuple[bytes, list[str]] | None:
    """JSON that pydantic reads, and the paths of lone surrogates; None where something else is wrong with it.

    Integers are cut, to what is still out of every bound.
    """
    paths: list[str] = []
    try:
        raw = json.loads(value.decode(), parse_constant=_refuse, parse_int=lambda digits: int(digits[:_DIGITS]))
        return json.dumps(_clean(raw, "", paths)).encode(), paths
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _clean(raw: Any, path: str, paths: list[str]) -> Any:
    if isinstance(raw, str):
        clean = _LONE.sub("\ufffd", raw)
        if clean != raw:
            paths.append(path or "value")
        return clean
    if isinstance(raw, dict):
        names = {name: _LONE.sub("\ufffd", name) for name in raw}
        paths += [_join(path, clean) for name, clean in names.items() if name != clean]
        return {names[name]: _clean(member, _join(path, names[name]), paths) for name, member in raw.items()}
    if isinstance(raw, list):
        return [_clean(member, _join(path, str(place)), paths) for place, member in enumerate(raw)]
    return raw


def _join(path: str, name: str) -> str:
    # Cut at each step: one long name above many others would be kept once for each of them.
    return (f"{path}.{name[:_PATH]}" if path else name)[:_PATH]
