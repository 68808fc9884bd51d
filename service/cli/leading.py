"""Leads a person through a command who knows neither its name nor its fields; what is typed is checked at once."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from rich.table import Table
from rich.text import Text

from service.cli.exits import Exit, Stop
from service.cli.output import err, say
from service.cli.words import creates, own_commands, typed_value
from service.domain import AGGREGATES

Led = tuple[str, str, list[str]]


def can_be_led() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin.isatty() and err.is_terminal


def lead() -> Led:
    """The aggregate, the command's type and the words behind it, as one would have typed them; raises Stop."""
    known = [(aggregate, name) for aggregate in AGGREGATES for name in own_commands(aggregate)]
    _show(known)
    aggregate, type_ = _ask("Which command, by its name or number?", lambda typed: _chosen(known, typed))
    words = [_ask(*_identity(aggregate, type_))]
    for name, field in own_commands(aggregate)[type_].model_fields.items():
        words.append(f"{name}={_ask(_question(name, field), partial(_checked, field))}")
    words = [word for word in words if word]
    line = shlex.join(["fairlead", "send", type_, *words])
    say(f"This is the same as: {line}")
    if _ask("Send it? (yes)", lambda typed: typed or "yes").lower() not in ("y", "yes"):
        raise Stop(Exit.INTERRUPTED, "Nothing was sent")
    return aggregate, type_, words


def _show(known: list[tuple[str, str]]) -> None:
    grid = Table.grid(padding=(0, 2))
    for number, (aggregate, name) in enumerate(known, 1):
        model = own_commands(aggregate)[name]
        grid.add_row(Text(str(number), style="dim"), Text(name, style="bold"), f"{aggregate}: {model.__doc__}")
    err.print(grid)


def _ask(question: str, check: Callable[[str], Any]) -> Any:
    """What `check` makes of the first answer that it finds no fault with."""
    while True:
        try:
            typed = err.input(Text(f"{question} ", style="bold")).strip()
        except EOFError:
            raise Stop(Exit.INTERRUPTED, "Nothing was sent") from None
        try:
            return check(typed)
        except ValidationError as error:
            say("; ".join(detail["msg"] for detail in error.errors()))
        except ValueError as error:
            say(str(error))


def _chosen(known: list[tuple[str, str]], typed: str) -> tuple[str, str]:
    for number, choice in enumerate(known, 1):
        if typed in (str(number), choice[1]):
            return choice
    raise ValueError(f"{typed!r} is none of these: type a name or a number from 1 to {len(known)}")


def _identity(aggregate: str, type_: str) -> tuple[str, Callable[[str], str]]:
    identity: TypeAdapter[str] = TypeAdapter(AGGREGATES[aggregate].entity_id)
    if creates(aggregate, type_):
        return f"Id of the {aggregate}? (a new one)", lambda typed: typed and identity.validate_python(typed)
    return f"Id of the {aggregate}?", identity.validate_python


def _question(name: str, field: FieldInfo) -> str:
    example = f" Such as {field.examples[0]}:" if field.examples else ""
    return f"{name.replace('_', ' ').capitalize()}?{example}"


def _checked(field: FieldInfo, typed: str) -> str:
    kind: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    TypeAdapter(kind).validate_python(typed_value(field, typed), strict=True)
    return typed
