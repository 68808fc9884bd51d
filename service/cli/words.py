"""What is typed becomes a command's parts; whether they make sense, the service says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson
from pydantic.fields import FieldInfo

from fairlead.bounds import Message
from fairlead.control import CONTROL
from fairlead.versions import version_of
from service.cli.exits import Exit, Stop
from service.domain import AGGREGATES

# Longer ones are out of every range, and JSON's readers make floats of them.
_INTEGER = re.compile(r"^[+-]?[0-9]{1,18}$", re.ASCII)


def aggregate_of(type_: str) -> str:
    """The aggregate that has this command; raises Stop."""
    having = [name for name, aggregate in AGGREGATES.items() if type_ in aggregate.commands]
    if not having:
        known = dict.fromkeys(name for aggregate in AGGREGATES.values() for name in aggregate.commands)
        raise Stop(Exit.INVALID, f"Unknown command: {type_}; there are {', '.join(known)}")
    if len(having) > 1:
        raise Stop(Exit.USAGE, f"{type_} is a command of {' and '.join(having)}: say which with --aggregate")
    return having[0]


def creates(aggregate: str, type_: str) -> bool:
    """Whether this command can be an entity's first."""
    known = AGGREGATES[aggregate]
    first, command = known.events[known.first_event], known.commands.get(type_)
    return command is not None and set(command.model_fields) == set(first.model_fields) and type_ != "import_history"


def split_words(words: Sequence[str], *, entity_needed: bool) -> tuple[str | None, list[tuple[str, str]]]:
    """The entity id, where there is one, and the fields; raises Stop."""
    named = bool(words) and "=" not in words[0]
    if not named and entity_needed:
        raise Stop(Exit.USAGE, "Which entity? Its id comes after the command's type: see `fairlead send --help`")
    pairs = words[1:] if named else words
    for word in pairs:
        if "=" not in word:
            raise Stop(Exit.USAGE, f"{word!r} is no FIELD=VALUE: see `fairlead send --help`")
    return words[0] if named else None, [(name, value) for name, _, value in (word.partition("=") for word in pairs)]


def read_fields(aggregate: str, type_: str, data: str | None, pairs: Sequence[tuple[str, str]]) -> Any:
    """The command's data as typed, integers where its field is one; raises Stop."""
    try:
        fields = {} if data is None else orjson.loads(data)
    except ValueError as error:
        raise Stop(Exit.USAGE, f"--data is not JSON: {error}") from error
    if not pairs:
        return fields
    if not isinstance(fields, dict):
        raise Stop(Exit.USAGE, "FIELD=VALUE can only be added to a JSON object in --data")
    command = AGGREGATES[aggregate].commands.get(type_)
    known = command.model_fields if command else {}
    return fields | {name: typed_value(known[name], value) if name in known else value for name, value in pairs}


def typed_value(field: FieldInfo, text: str) -> str | int:
    """An integer where the field is one and the text says one."""
    return int(text) if field.annotation is int and _INTEGER.match(text) else text


def present_version(aggregate: str, type_: str) -> int:
    """The version of a command in which it is typed; 1 of what is none."""
    command = AGGREGATES[aggregate].commands.get(type_)
    return version_of(command) if command else 1


def own_commands(aggregate: str) -> dict[str, type[Message]]:
    """The commands of people: without those of the service itself."""
    others = {"import_history", *CONTROL}
    return {name: model for name, model in AGGREGATES[aggregate].commands.items() if name not in others}
