"""A third aggregate, as somebody might add it tomorrow: cranes that are up or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fairlead.bounds import Message, Quantity, Text, Uuid
from fairlead.control import common_commands
from service.domain.aggregate import Aggregate, InvalidHistory, Rejected


class Erect(Message):
    """Put a crane up."""

    berth: Text
    tonnes: Quantity


class Erected(Message):
    """A crane was put up."""

    berth: Text
    tonnes: Quantity


@dataclass(frozen=True, slots=True)
class Absent:
    """Not there."""


@dataclass(frozen=True, slots=True)
class Standing:
    """There."""


def decide(command: Erect, state: Any, crane_id: str) -> Sequence[Erected]:
    if isinstance(state, Standing):
        raise Rejected("already_up", f"Crane {crane_id} is up at {command.berth}")
    return [Erected(berth=command.berth, tonnes=command.tonnes)]


def evolve(state: Any, event: Erected) -> Standing:
    if isinstance(state, Standing):
        raise InvalidHistory(f"{type(event).__name__} cannot follow")
    return Standing()


EVENTS: dict[str, type[Message]] = {"Erected": Erected}

CRANE = Aggregate(
    name="crane",
    entity_id=Uuid,
    commands={"erect": Erect, **common_commands(EVENTS)},
    events=EVENTS,
    first_event="Erected",
    states=(Absent, Standing),
    initial=Absent(),
    decide=decide,
    evolve=evolve,
    cause=lambda event: Erect(berth=event.berth, tonnes=event.tonnes),
    render=lambda _: None,
)
