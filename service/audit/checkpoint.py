"""The form that the checkpoint of a partition must have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEY = b"checkpoint"
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "last_command": ("offset", "timestamp"),
    "reached": ("events", "replies"),
    "needed": ("events", "replies", "clock"),
}


def malformed(value: Any) -> list[str]:
    """The paths of what is not as it has to be in a checkpoint."""
    if not isinstance(value, dict):
        return ["it"]
    wrong = [] if isinstance(value.get("fold"), str) and value["fold"] else ["fold"]
    wrong += [] if _is_number(value.get("next_offset")) else ["next_offset"]
    for name, inner in _FIELDS.items():
        there = value.get(name)
        if not isinstance(there, dict) or there.keys() != set(inner):
            wrong.append(name)
        else:
            wrong += [f"{name}.{each}" for each in inner if not _is_number(there[each])]
    # Checkpoints of earlier releases do not say it.
    wrong += [] if _is_number(count := value.get("partitions", 1)) and count else ["partitions"]
    wrong += [] if isinstance(value.get("moved_to", ""), str) else ["moved_to"]
    return wrong + sorted(value.keys() - {"fold", "next_offset", "partitions", "moved_to", *_FIELDS})


def _is_number(value: Any) -> bool:
    return type(value) is int and value >= 0
