"""The theory on one page: what an aggregate is, and how it says no."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairlead.bounds import Message


class Rejected(Exception):
    """A rule of the domain says no; `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class InvalidHistory(ValueError):
    """These events cannot have happened in this order."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Pure functions and names; everything else about an aggregate follows from them.

    `decide(command, state, entity_id)` returns the events of a command or raises Rejected.
    `evolve(state, event)` returns the next state or raises InvalidHistory.
    `cause(event)` is the command that decides this event; by it an imported history meets the same rules.
    `render(state)` is the state as people read it, None where there is nothing to see.
    `last_event` is the one that nothing can follow: with it the person whom the entity is about is to be forgotten.
    An aggregate with `personal` data has one, and it takes no data.
    """

    name: str
    entity_id: Any
    commands: Mapping[str, type[Message]]
    events: Mapping[str, type[Message]]
    first_event: str
    states: tuple[type, ...]
    initial: Any
    decide: Callable[[Any, Any, str], Sequence[Message]]
    evolve: Callable[[Any, Any], Any]
    cause: Callable[[Any], Message]
    render: Callable[[Any], dict[str, Any] | None]
    last_event: str | None = None
    personal: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def read_event(self, event_type: str, data: Mapping[str, Any]) -> Message:
        """The event from its JSON; raises InvalidHistory for an unknown type, ValidationError for wrong data."""
        model = self.events.get(event_type)
        if model is None:
            raise InvalidHistory(f"Unknown event: {event_type}")
        return model.model_validate(data)

    def fold(self, state: Any, events: Sequence[Message]) -> Any:
        """The state after these events."""
        for event in events:
            state = self.evolve(state, event)
        return state
