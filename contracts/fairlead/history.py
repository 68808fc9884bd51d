"""A history written elsewhere, in chunks that the owner of the entity can judge and store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from fairlead.bounds import MAX_HISTORY_CHUNK, Message, Time, Uuid, Version

_LITERAL: Any = Literal


class HistoryEvent(Message):
    """An event with the id and time that it was given where it happened."""

    id: Uuid
    time: Time
    type: str
    data: Message


class ImportHistory(Message):
    """Events of one entity, of which the first has `first_version`."""

    first_version: Version
    events: Annotated[Sequence[HistoryEvent], Field(max_length=MAX_HISTORY_CHUNK)]


def import_history(events: Mapping[str, Any]) -> type[ImportHistory]:
    """The `import_history` command of an aggregate, narrowed to its events by their type.

    `events` are the annotated types of what may stand in it.
    """
    kinds = [
        create_model(f"History{name}", __base__=HistoryEvent, type=(_LITERAL[name], ...), data=(event, ...))
        for name, event in events.items()
    ]
    union: Any = reduce(or_, kinds)
    entry: Any = Annotated[union, Field(discriminator="type")]
    chunk: Any = Annotated[list[entry], Field(max_length=MAX_HISTORY_CHUNK)]
    return create_model("ImportHistory", __base__=ImportHistory, __doc__=ImportHistory.__doc__, events=(chunk, ...))
