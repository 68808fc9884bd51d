"""What nobody can recompute is taken from the log, then held to the rules: what failed, is parked or was busy."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from service.audit.parking import FAILURES


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reply says of its command."""

    status: Any
    code: Any
    message: Any = None


@dataclass(frozen=True, slots=True)
class Told:
    """Answers by the id of their reply, (entity, offset) of what parked, offsets of commands with a dead letter.

    Where the records that say what parked are `compacted`, every failure did. Of what is in `again`, `parked` may speak
    of a later failure, when it was redriven. Where what came before is gone, `repeats` are the replies that refer to an
    outcome from before, perhaps.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    parked: AbstractSet[tuple[str, Any]] = frozenset()
    letters: AbstractSet[str] = frozenset()
    compacted: bool = False
    again: AbstractSet[tuple[str, int]] = frozenset()
    repeats: AbstractSet[str] = frozenset()

    def busy(self, reply_id: str) -> bool:
        """Whether the command was told to come again."""
        return reply_id in self.answers and self.answers[reply_id].status == "busy"

    def failure(self, reply_id: str) -> Answer | None:
        """The answer to a command on which code or broker failed."""
        answer = self.answers.get(reply_id)
        return answer if answer and answer.status == "failed" and answer.code in tuple(FAILURES) else None

    def waits(self, reply_id: str) -> bool:
        """Whether the command was put behind one that failed."""
        answer = self.answers.get(reply_id)
        return answer is not None and (answer.status, answer.code) == ("failed", "parked")

    def imports_refused(self, reply_id: str) -> bool:
        """Whether the service was told, when it judged the command, not to allow imports."""
        return reply_id in self.answers and self.answers[reply_id].code == "import_not_allowed"

    def parks(self, entity_id: str, offset: int) -> bool:
        """Whether the failure of this command parked its entity."""
        return self.compacted or (entity_id, offset) in self.parked

    def parks_first(self, entity_id: str, offset: int) -> bool:
        """Whether it certainly was the first failure of this command that parked its entity."""
        return self.parks(entity_id, offset) and (entity_id, offset) not in self.again

    def letter_gone(self, reply_id: str, offset: int) -> bool:
        """Whether this reply says that a dead letter is no longer kept, and it is not."""
        answer = self.answers.get(reply_id)
        return answer is not None and answer.code == "dead_letters_gone" and str(offset) not in self.letters
