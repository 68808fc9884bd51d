"""What a ship can be, each with only what it then has, and how people read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never


@dataclass(frozen=True, slots=True)
class Unregistered:
    """Nobody has heard of this ship."""


@dataclass(frozen=True, slots=True)
class Registered:
    """Known, and never yet docked: nothing can be aboard."""

    name: str


@dataclass(frozen=True, slots=True)
class Docked:
    """Moored at a port."""

    name: str
    cargo: Mapping[str, int]
    port: str


@dataclass(frozen=True, slots=True)
class AtSea:
    """Between two ports."""

    name: str
    cargo: Mapping[str, int]


State = Unregistered | Registered | Docked | AtSea


def render(state: State) -> dict[str, Any] | None:
    """The state as people read it."""
    match state:
        case Unregistered():
            return None
        case Registered():
            return {"name": state.name, "status": "registered", "current_port": None, "cargo": {}}
        case Docked():
            return {"name": state.name, "status": "docked", "current_port": state.port, "cargo": dict(state.cargo)}
        case AtSea():
            return {"name": state.name, "status": "at sea", "current_port": None, "cargo": dict(state.cargo)}
        case _:
            assert_never(state)
