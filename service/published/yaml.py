"""Plain values as YAML that people can read and compare; texts as in JSON, so that none is taken for something else.

Nothing that the service is installed with writes YAML, and one document is not worth another dependency.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def dump(value: Mapping[str, Any]) -> str:
    """A mapping as a YAML document."""
    return "\n".join(_block(value)) + "\n"


def _block(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, entry in value.items():
            yield from _entry(f"{_key(name)}:", entry)
    else:
        for entry in value:
            first, *rest = _block(entry) if _nested(entry) else [_scalar(entry)]
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)


def _entry(head: str, value: Any) -> Iterator[str]:
    if _nested(value):
        yield head
        yield from (f"  {line}" for line in _block(value))
    else:
        yield f"{head} {_scalar(value)}"


def _nested(value: Any) -> bool:
    return bool(value) and (isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)))


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) and name.lower() not in _WORDS else _scalar(name)


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
