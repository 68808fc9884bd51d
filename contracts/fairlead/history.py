"""A history written elsewhere, in chunks that the owner of the entity can judge and store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial, reduce
from operator import or_
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Field, create_model, model_validator

from fairlead.bounds import MAX_HISTORY_CHUNK, Message, Time, Uuid, Version
from fairlead.versions import present, version_of

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

    `events` are the annotated types of what may stand in it. One that has former versions may stand in it in any of
    them, which its `schema_version` names; absent means 1.
    """
    kinds = [_entry(name, event) for name, event in events.items()]
    union: Any = reduce(or_, kinds)
    entry: Any = Annotated[union, Field(discriminator="type")]
    chunk: Any = Annotated[list[entry], Field(max_length=MAX_HISTORY_CHUNK)]
    return create_model("ImportHistory", __base__=ImportHistory, __doc__=ImportHistory.__doc__, events=(chunk, ...))


def _entry(name: str, event: Any) -> Any:
    fields: dict[str, Any] = {"type": (_LITERAL[name], ...), "data": (event, ...)}
    model: type[Message] = next(iter(get_args(event)), event)
    if not model.upcasters:
        return create_model(f"History{name}", __base__=HistoryEvent, **fields)
    fields["schema_version"] = Annotated[int, Field(ge=1, le=version_of(model))], 1
    step: Any = model_validator(mode="before")(partial(_brought_up, model))
    return create_model(f"History{name}", __base__=_Evolved, __validators__={"brought_up": step}, **fields)


def _brought_up(model: type[Message], entry: Any) -> Any:
    version = entry.get("schema_version", 1) if isinstance(entry, dict) else None
    if type(version) is not int or not 1 <= version < version_of(model):
        return entry
    try:
        return {**entry, "data": present(model, entry["data"], version), "schema_version": version_of(model)}
    except Exception:  # noqa: BLE001  # as in former.py: a step takes data to be of its version, which others may not be
        msg = f"data must be of version {version}, as schema_version says"
        raise ValueError(msg) from None


def _any_version(schema: dict[str, Any]) -> None:
    former = {"type": "object", "description": "Of a former version, as schema_version says."}
    schema["properties"]["data"] = {"anyOf": [schema["properties"]["data"], former]}


class _Evolved(HistoryEvent):
    model_config = ConfigDict(json_schema_extra=_any_version)
