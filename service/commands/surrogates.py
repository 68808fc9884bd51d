"""Lone surrogates are JSON by its grammar, but no text: whoever sent one is told where it stands."""

from __future__ import annotations

import json
import re
from typing import Any

_LONE = re.compile("[\ud800-\udfff]")


def without_surrogates(value: bytes) -> tuple[bytes, list[str]] | None:
    """The JSON with every lone surrogate replaced, and their paths; None where that is not what is wrong with it."""
    try:
        raw = json.loads(value.decode(), parse_constant=_refuse)
        paths: list[str] = []
        return (json.dumps(_clean(raw, "", paths)).encode(), paths) if _LONE.search(_dump(raw)) else None
    except (ValueError, RecursionError):
        return None


def _dump(raw: Any) -> str:
    return json.dumps(raw, ensure_ascii=False)


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
    return f"{path}.{name}" if path else name
