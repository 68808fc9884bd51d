"""What a folded state depends on besides its events: another code may fold them otherwise, and then begins anew."""

from __future__ import annotations

import ast
import inspect
from hashlib import blake2b
from types import ModuleType
from typing import Any

import fairlead.bounds
from service.domain import Aggregate
from service.domain import aggregate as theory


def fingerprint(aggregate: Aggregate) -> str:
    """16 hex digits of the code of an aggregate's states, folds, messages and upcasters, whatever its comments are."""
    events = aggregate.events.values()
    steps = (step for event in events for step in event.upcasters)
    parts: list[Any] = [aggregate.evolve, *aggregate.states, *events, *steps]
    modules = {inspect.getmodule(part) for part in parts} | {theory, fairlead.bounds}
    found = sorted((module.__name__, module) for module in modules if module is not None)
    return blake2b("\n".join(_shape(module) for _, module in found).encode(), digest_size=8).hexdigest()


def _shape(module: ModuleType) -> str:
    tree = ast.parse(inspect.getsource(module))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value = ast.Constant("")
    return ast.dump(tree)
