"""A history written elsewhere, in chunks that the owner of the entity can judge and store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from fairlead.bounds import MAX_HISTORY_CHUNK, Message, Uuid, Version
from pydantic import AwareDatetime, Field, create_model


class HistoryEvent(Message):
    """An event with the id and time that it was given where it happened."""

    id: Uuid
    time: AwareDatetime
    type: str
    data: Message


class ImportHistory(Message):
    """Events of one entity, of which the first has `first_version`."""

    first_version: Version
    events: Annotated[Sequence[HistoryEvent], Field(min_length=1, max_length=MAX_HISTORY_CHUNK)]


def import_history(events: Mapping[str, type[Message]]) -> type[ImportHistory]:
    """The `import_history` command of an aggregate, narrowed to its events by their type."""
    kinds = [
        create_model(f"History{name}", __base__=HistoryEvent, type=(Literal[name], ...), data=(event, ...))
        for name, event in events.items()
    ]
    union: Any = reduce(or_, kinds)
    entry = Annotated[union, Field(discriminator="type")]
    chunk = Annotated[list[entry], Field(min_length=1, max_length=MAX_HISTORY_CHUNK)]  # type: ignore[valid-type]  # the entry's type is made from the registry
    return create_model("ImportHistory", __base__=ImportHistory, __doc__=ImportHistory.__doc__, events=(chunk, ...))
