"""The theory on one page: what an aggregate is, and how it says no."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairlead.bounds import Message, reader_of
from fairlead.envelope import schema_id
from fairlead.versions import NewerVersion, present, version_in, version_of


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
    # The version of each event that is written now by its `dataschema`, and which events have former ones: to be looked
    # up here each costs a third of what it takes to make it out, of each event that is read.
    versions: Mapping[str | None, int] = field(init=False)
    evolved: frozenset[str] = field(init=False)
    _readers: Mapping[str, Callable[[Any], Message]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """See what is written now."""
        numbers = {name: version_of(model) for name, model in self.events.items()}
        versions = {schema_id(self.name, name, number): number for name, number in numbers.items()}
        object.__setattr__(self, "versions", versions)
        object.__setattr__(self, "evolved", frozenset(name for name, number in numbers.items() if number > 1))
        object.__setattr__(self, "_readers", {name: reader_of(model) for name, model in self.events.items()})

    def read_event(self, event_type: str, data: Mapping[str, Any], version: int = 1) -> Message:
        """The event from its JSON, written in this version.

        Raises InvalidHistory for an unknown type, NewerVersion, and ValidationError for wrong data.
        """
        read = self._readers.get(event_type)
        if read is None:
            raise InvalidHistory(f"Unknown event: {event_type}")
        if version != 1 or event_type in self.evolved:
            data = present(self.events[event_type], data, version)
        return read(data)

    def version_in(self, event_type: str, dataschema: str | None) -> int:
        """The version that an event's `dataschema` names.

        Raises ValueError where it names none, and NewerVersion where it is that of a type which is not known here.
        """
        version = version_in(dataschema)
        if event_type not in self.events and dataschema == schema_id(self.name, event_type, version):
            raise NewerVersion(f"{event_type} is not known to this release: it waits for a release that knows it")
        return version

    def present(self, event_type: str, data: Mapping[str, Any], version: int) -> tuple[Mapping[str, Any], int]:
        """The data of an event as the present version has it, and which that is; an unknown one as it is.

        Raises NewerVersion.
        """
        model = self.events.get(event_type)
        return (data, version) if model is None else (present(model, data, version), version_of(model))

    def fold(self, state: Any, events: Sequence[Message]) -> Any:
        """The state after these events."""
        for event in events:
            state = self.evolve(state, event)
        return state
