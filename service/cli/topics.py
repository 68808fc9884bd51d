"""The topics are made and checked on purpose, by a person, never in passing by a role."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.exits import Exit, Stop
from service.cli.options import Given, with_servers
from service.cli.output import emit_json, out
from service.cli.running import run


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    group = typer.Typer(help="Create and check the topics.", no_args_is_help=True)
    group.command()(with_servers(apply))
    group.command()(with_servers(check))
    app.add_typer(group, name="topics", rich_help_panel="Servers")


def apply(
    given: Given,
    partitions: Annotated[int, typer.Option(min=1, help="Of every topic, fixed for life")] = 12,
    replication_factor: Annotated[int, typer.Option(min=1, help="Copies of every partition")] = 3,
) -> None:
    """Create the topics that are missing; those that exist are left as they are.

    Example: `fairlead topics apply --replication-factor 1`
    """
    from service import app as composition  # noqa: PLC0415  # it brings every driver: not for commands that need none

    created = run(composition.apply_topics(given.settings(), partitions=partitions, replication=replication_factor))
    _lines(created, "All topics are there", given)


def check(given: Given) -> None:
    """Say what is wrong with the topics; exit 1 if anything is.

    Example: `fairlead topics check`
    """
    from service import app as composition  # noqa: PLC0415  # as above

    faults = run(composition.check_topics(given.settings()))
    _lines(faults, "All topics are as they must be", given)
    if faults:
        raise Stop(Exit.FAILED)


def _lines(lines: list[str], none: str, given: Given) -> None:
    if given.as_json:
        emit_json(lines)
    else:
        out.print("\n".join(lines) or none, markup=False, soft_wrap=True)
