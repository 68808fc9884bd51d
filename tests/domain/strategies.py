"""Commands of any registered aggregate, drawn from its contract: a new aggregate is covered by being registered."""

from __future__ import annotations

import unicodedata
from typing import Any

import annotated_types
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from fairlead.bounds import Message
from fairlead.control import CONTROL
from service.domain import AGGREGATES, Aggregate
from service.domain.aggregate import Rejected

aggregates = [*AGGREGATES.values()]

# Few values that meet often, and some from anywhere in the bounds.
_WORDS = st.sampled_from(["tea", "Singapore", "electronics"])
_ANY_TEXT = (
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=200)
    .map(lambda text: unicodedata.normalize("NFC", text))
    .filter(lambda text: 1 <= len(text) <= 200)
)


def _field(field: FieldInfo) -> st.SearchStrategy[Any]:
    if field.annotation is str:
        return st.one_of(_WORDS, _WORDS, _ANY_TEXT)
    if field.annotation is int:
        low = next(int(bound.ge) for bound in field.metadata if isinstance(bound, annotated_types.Ge))  # type: ignore[call-overload]  # the contract's bounds are integers
        high = next(int(bound.le) for bound in field.metadata if isinstance(bound, annotated_types.Le))  # type: ignore[call-overload]  # as above
        near = st.integers(max(low, -20), min(high, 20))
        return st.one_of(near, near, st.integers(low, high), st.sampled_from([low, high]))
    raise NotImplementedError(field.annotation)


def commands_of(aggregate: Aggregate) -> st.SearchStrategy[Message]:
    """Any command that the contract allows, but for imports."""
    return _COMMANDS[aggregate.name]


def _commands_of(aggregate: Aggregate) -> st.SearchStrategy[Message]:
    return st.one_of(
        [
            st.builds(model, **{name: _field(field) for name, field in model.model_fields.items()})
            for name, model in aggregate.commands.items()
            if name not in {"import_history", *CONTROL}
        ]
    )


# Made once: a strategy is slow to make and remembers what it has found out about itself.
_COMMANDS = {aggregate.name: _commands_of(aggregate) for aggregate in aggregates}


def type_of(aggregate: Aggregate, command: Message) -> str:
    """The name of a command on the wire."""
    return next(name for name, model in aggregate.commands.items() if type(command) is model)


def decided(aggregate: Aggregate, entity_id: str) -> st.SearchStrategy[list[tuple[Any, Message]]]:
    """What some commands lead to, one after the other: each event with the state before it."""

    def run(commands: list[Message]) -> list[tuple[Any, Message]]:
        state, steps = aggregate.initial, []
        for command in commands:
            try:
                events = aggregate.decide(command, state, entity_id)
            except Rejected:
                continue
            for event in events:
                steps.append((state, event))
                state = aggregate.evolve(state, event)
        return steps

    return st.lists(commands_of(aggregate), max_size=30).map(run)
