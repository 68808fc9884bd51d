"""What snapshots tell of the events below an offset, kept up from checkpoint to checkpoint."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from service.audit.records import Json
from tests.checker.steps import Step


class Cover:
    """Which entities had events below an offset that their last snapshot does not tell."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps
        self._passed = 0
        self._versions: dict[str, int] = defaultdict(int)
        self._snapshots: dict[str, tuple[Any, int]] = {}
        self._fold: Any = None
        self._short: set[str] = set()

    def snapshot(self, entity_id: str, value: Json) -> None:
        """Take this as the last one of an entity."""
        version = value["version"] if "state" in value and type(value.get("version")) is int else 0
        self._snapshots[entity_id] = value.get("fold"), version
        self._look(entity_id)

    def missing(self, floor: int, fold: str) -> list[tuple[str, int, int]]:
        """Each entity, what it had come to below this floor, and what its last snapshot of this fold tells."""
        while self._passed < len(self._steps) and self._steps[self._passed].offset < floor:
            self._move(self._steps[self._passed].entity_id, 1)
        while self._passed and self._steps[self._passed - 1].offset >= floor:
            self._move(self._steps[self._passed - 1].entity_id, -1)
        if fold != self._fold:
            self._fold = fold
            for entity_id in [*self._versions]:
                self._look(entity_id)
        return [(one, self._versions[one], self._covered(one)) for one in sorted(self._short)]

    def _move(self, entity_id: str, by: int) -> None:
        self._passed += by
        self._versions[entity_id] += by
        self._look(entity_id)

    def _look(self, entity_id: str) -> None:
        short = self._versions[entity_id] > self._covered(entity_id)
        (self._short.add if short else self._short.discard)(entity_id)

    def _covered(self, entity_id: str) -> int:
        fold, version = self._snapshots.get(entity_id, (None, 0))
        return version if fold == self._fold else 0
