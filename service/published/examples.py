"""What may be said to an entity by way of example, and what that leads to: found by asking the rules themselves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import annotated_types
from pydantic.fields import FieldInfo

from fairlead.bounds import Message
from fairlead.control import CONTROL
from service.domain import Aggregate
from service.domain.aggregate import Rejected

_MOST_STATES = 500


class Step(NamedTuple):
    """A command in a state, with the events that it leads to or why it is refused."""

    state: Any
    command: Message
    events: Sequence[Message]
    refusal: Rejected | None


class Way(NamedTuple):
    """A state, and the commands that lead there, each with its events."""

    state: Any
    steps: tuple[Step, ...]


def example_id(*parts: object) -> str:
    """A UUID of an example, always the same."""
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, ("urn:fairlead", *parts)))))


def own_commands(aggregate: Aggregate) -> dict[str, type[Message]]:
    """The commands that are for the rules of the aggregate itself."""
    return {name: model for name, model in aggregate.commands.items() if name not in {"import_history", *CONTROL}}


def example(model: type[Message]) -> Message:
    """A message with the example of each field."""
    return model(**{name: _example(name, field) for name, field in model.model_fields.items()})


def at_the_bounds(model: type[Message]) -> Iterator[Message]:
    """The example, and the same with each number as small and as large as it may be."""
    likely = example(model)
    yield likely
    for name, field in model.model_fields.items():
        if field.annotation is int:
            yield from (likely.model_copy(update={name: bound}) for bound in bounds(field))


def histories(aggregate: Aggregate) -> dict[str, tuple[Step, ...]]:
    """For each event a shortest history that ends with it; raises LookupError where no example leads to one."""
    found: dict[str, tuple[Step, ...]] = {}
    kinds = {model: name for name, model in aggregate.events.items()}
    for way, step in explored(aggregate, lambda model: [example(model)]):
        for event in step.events:
            found.setdefault(kinds[type(event)], (*way.steps, step))
        if found.keys() == aggregate.events.keys():
            return {name: found[name] for name in aggregate.events}
    missing = ", ".join(name for name in aggregate.events if name not in found)
    raise LookupError(f"No example leads to {missing}: give the fields of {aggregate.name}'s commands other examples")


def explored(aggregate: Aggregate, said: Callable[[type[Message]], Sequence[Message]]) -> Iterator[tuple[Way, Step]]:
    """Every command in every state that these commands lead to, nearest first, up to a bound of states."""
    commands = [command for model in own_commands(aggregate).values() for command in said(model)]
    ways, seen = deque([Way(aggregate.initial, ())]), {repr(aggregate.initial)}
    while ways:
        way = ways.popleft()
        for command in commands:
            step = asked(aggregate, way.state, command)
            yield way, step
            state = aggregate.fold(way.state, step.events)
            if repr(state) not in seen and len(seen) < _MOST_STATES:
                seen.add(repr(state))
                ways.append(Way(state, (*way.steps, step)))


def asked(aggregate: Aggregate, state: Any, command: Message) -> Step:
    """What the rules say to a command."""
    try:
        return Step(state, command, aggregate.decide(command, state, example_id(aggregate.name)), None)
    except Rejected as refusal:
        return Step(state, command, (), refusal)


def bounds(field: FieldInfo) -> tuple[int, ...]:
    """The least and the largest value of a number, as far as the contract has them."""
    kinds: Mapping[type, str] = {annotated_types.Ge: "ge", annotated_types.Le: "le"}
    return tuple(int(getattr(bound, kinds[type(bound)])) for bound in field.metadata if type(bound) in kinds)


def _example(name: str, field: FieldInfo) -> Any:
    if field.examples:
        return field.examples[0]
    if not field.is_required():
        return field.get_default(call_default_factory=True)
    return next(iter(bounds(field)), 1) if field.annotation is int else name
