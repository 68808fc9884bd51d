"""Given events, when a command comes, then other events: a rule as a sentence."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from fairlead.bounds import Message
from service.domain import Aggregate
from service.domain.aggregate import Rejected


@dataclass(frozen=True, slots=True)
class Story:
    """An entity's events so far, and the command that has just come."""

    aggregate: Aggregate
    entity_id: str
    events: tuple[Message, ...] = ()
    command: Message | None = None

    def given(self, *events: Message) -> Story:
        """After these events."""
        return Story(self.aggregate, self.entity_id, self.events + events)

    def when(self, command: Message) -> Story:
        """Then a command comes."""
        return Story(self.aggregate, self.entity_id, self.events, command)

    def then(self, *expected: Message) -> None:
        """These events follow."""
        state = self.aggregate.fold(self.aggregate.initial, self.events)
        assert list(expected) == list(self.aggregate.decide(self.command, state, self.entity_id))

    def refused(self, code: str, message: str) -> None:
        """It is refused with this code and this message."""
        state = self.aggregate.fold(self.aggregate.initial, self.events)
        with pytest.raises(Rejected) as refusal:
            self.aggregate.decide(self.command, state, self.entity_id)
        assert (code, message) == (refusal.value.code, refusal.value.message)

    def shows(self, expected: object) -> None:
        """People read this."""
        state = self.aggregate.fold(self.aggregate.initial, self.events)
        assert expected == self.aggregate.render(state)
