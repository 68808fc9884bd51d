"""What a shell offers for what is being typed, and the arguments that it can say something about."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from service.cli.words import own_commands
from service.domain import AGGREGATES

Offer = tuple[str, str]


def aggregates(incomplete: str) -> Iterator[str]:
    """Names of aggregates that begin so."""
    return (name for name in AGGREGATES if name.startswith(incomplete))


def command_types(incomplete: str) -> Iterator[Offer]:
    """Types of commands that begin so, each with what it does."""
    for aggregate in AGGREGATES:
        for name, model in own_commands(aggregate).items():
            if name.startswith(incomplete):
                yield name, f"{aggregate}: {model.__doc__}"


def fields(context: typer.Context, incomplete: str) -> Iterator[Offer]:
    """`FIELD=` of the command whose type was typed, for those fields that have no value yet."""
    type_, words = context.params.get("type_"), context.params.get("words") or ()
    typed = {word.partition("=")[0] for word in words if "=" in word}
    for aggregate in AGGREGATES:
        model = own_commands(aggregate).get(type_ or "")
        for name, field in model.model_fields.items() if model else ():
            if name not in typed and name.startswith(incomplete):
                yield f"{name}=", f"such as {field.examples[0]}" if field.examples else ""


AGGREGATE = typer.Argument(help=" or ".join(AGGREGATES), metavar="AGGREGATE", autocompletion=aggregates)
AGGREGATE_OR_ALL = typer.Argument(
    help=f"{' or '.join(AGGREGATES)}; all if none", metavar="AGGREGATE", autocompletion=aggregates
)
