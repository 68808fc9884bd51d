"""Which module declares an aggregate: a third one is known by being there."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def declared(aggregate: str) -> ModuleType:
    """The module with its COMMANDS, EVENTS and ENTITY_ID; raises LookupError."""
    try:
        module = import_module(f"fairlead.{aggregate}")
        if hasattr(module, "EVENTS"):
            return module
    except ModuleNotFoundError:
        pass
    msg = f"{aggregate} is no aggregate of this release of fairlead"
    raise LookupError(msg)
