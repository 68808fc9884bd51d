"""What a reader can be told: a state, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class NotFound(LookupError):
    """Nothing of this name was there; the message says what."""


class Gone(LookupError):
    """It was there, and never will be again."""


class NotYet(Exception):
    """The projection has not come so far as the reader has asked for; `reached` is the version it has, 0 for none."""

    def __init__(self, reached: int) -> None:
        super().__init__(f"The projection has version {reached}")
        self.reached = reached


@dataclass(frozen=True, slots=True)
class State:
    """An entity as people read it, at a version."""

    entity_id: str
    version: int
    fields: Mapping[str, Any]
