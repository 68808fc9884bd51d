"""What each command can be refused for, found by asking the rules: a table by hand would be another truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fairlead.bounds import MAX_ITEMS, Message
from service.domain import Aggregate
from service.published.examples import Step, asked, at_the_bounds, example_id, explored, own_commands

Refusal = tuple[str, str]


def refusals(aggregate: Aggregate) -> dict[str, list[Refusal]]:
    """The codes and messages of each command, nearest to a new entity first; `{id}` and fields stand in braces."""
    names = {model: name for name, model in own_commands(aggregate).items()}
    found: dict[str, list[Refusal]] = {name: [] for name in names.values()}
    accepted: dict[str, Step] = {}
    for _, step in explored(aggregate, lambda model: [*at_the_bounds(model)]):
        _note(found[names[type(step.command)]], step, aggregate)
        if step.refusal is None:
            accepted.setdefault(names[type(step.command)], step)
    for name, step in accepted.items():
        for last in _many(aggregate, step):
            _note(found[name], last, aggregate)
    return found


def _many(aggregate: Aggregate, step: Step) -> Iterator[Step]:
    """The same command with one text after the other: the number of different things may have a bound."""
    texts = [name for name, field in type(step.command).model_fields.items() if field.annotation is str]
    for name in texts:
        state: Any = step.state
        for number in range(MAX_ITEMS + 1):
            command = step.command.model_copy(update={name: f"{getattr(step.command, name)} {number}"})
            last = asked(aggregate, state, command)
            yield last
            if last.refusal is not None:
                break
            state = aggregate.fold(state, last.events)


def _note(found: list[Refusal], step: Step, aggregate: Aggregate) -> None:
    if step.refusal is None:
        return
    told = (step.refusal.code, _template(step.refusal.message, step.command, aggregate))
    if told not in found:
        found.append(told)


def _template(message: str, command: Message, aggregate: Aggregate) -> str:
    message = message.replace(example_id(aggregate.name), "{id}")
    for name, value in command:
        if isinstance(value, str):
            message = message.replace(value, f"{{{name}}}")
    return message
