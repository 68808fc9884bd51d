"""What a role says of itself to whoever supervises it: each of its parts, and why one does not work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A partition or another part of a role: `state` in a word, `reason` what happened and what to do."""

    name: str
    state: str
    ready: bool
    reason: str | None = None
