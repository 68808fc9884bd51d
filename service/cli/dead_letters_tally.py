"""What has been done so far and what came of it, whatever happens next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from service.cli.dead_letters_plan import Parked

NO_ANSWER = "no answer"
GONE = "gone"
_ANSWERED = frozenset({"accepted", "rejected", "conflict"})


@dataclass(slots=True)
class Tally:
    """How many were asked for and sent, what was answered, and each failure."""

    asked: int = 0
    sent: int = 0
    entities: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def entity(self, one: Parked, status: str, code: str | None, message: str | None) -> None:
        """What the owner answered for an entity."""
        self.entities[status] += 1
        if status != "accepted":
            self.failures.append(
                {"aggregate": one.aggregate, "key": one.entity_id, "status": status, "code": code, "message": message}
            )

    def command(self, place: dict[str, Any], status: str, code: str | None, message: str | None) -> None:
        """What became of a command; a refusal by the rules is an answer like any."""
        self.commands[status] += 1
        if status not in _ANSWERED:
            self.failures.append(place | {"status": status, "code": code, "message": message})

    @property
    def unanswered(self) -> int:
        """How many got no answer in time."""
        return self.entities[NO_ANSWER] + self.commands[NO_ANSWER]
