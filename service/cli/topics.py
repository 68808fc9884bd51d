"""The topics are made and checked on purpose, by a person, never in passing by a role."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.exits import Exit, Stop
from service.cli.options import Given, with_servers
from service.cli.output import emit_json, out
from service.cli.running import run
from service.cli.topics_migrate import migrate


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    group = typer.Typer(help="Create and check the topics; move to others with more partitions.", no_args_is_help=True)
    group.command()(with_servers(apply))
    group.command()(with_servers(check))
    group.command()(with_servers(migrate))
    app.add_typer(group, name="topics", rich_help_panel="Servers")


def apply(
    given: Given,
    partitions: Annotated[
        int | None, typer.Option(min=1, help="Of every topic, fixed for life; 12 where there are none yet")
    ] = None,
    replication_factor: Annotated[int, typer.Option(min=1, help="Copies of every partition")] = 3,
) -> None:
    """Create the topics that are missing; those that exist are left as they are.

    More partitions than there are cannot be had so: `fairlead topics migrate` copies to others.

    Example: `fairlead topics apply --replication-factor 1`
    """
    from service import app as composition  # noqa: PLC0415  # it brings every driver: not for commands that need none
    from service.kafka.topic_making import PartitionsFixed  # noqa: PLC0415  # as above

    making = composition.apply_topics(given.settings(), partitions=partitions, replication=replication_factor)
    try:
        created = run(making)
    except PartitionsFixed as fixed:
        raise Stop(Exit.REFUSED, str(fixed)) from None
    _lines(created, "All topics are there", given)


def check(
    given: Given,
    *,
    one_broker: Annotated[
        bool, typer.Option("--one-broker", help="Do not ask for what only a cluster of several can give")
    ] = False,
) -> None:
    """Say what is wrong with the topics, and what is unsafe for production; exit 1 if anything is.

    Production needs three brokers, and three copies of which two are written to before anything is acknowledged; no
    leader that has not all of it; events that are kept for ever; and no topics that are made in passing.

    Example: `fairlead topics check`
    """
    from service import app as composition  # noqa: PLC0415  # as above

    faults = run(composition.check_topics(given.settings(), production=not one_broker))
    _lines(faults, "All topics are as they must be", given)
    if faults:
        raise Stop(Exit.FAILED)


def _lines(lines: list[str], none: str, given: Given) -> None:
    if given.as_json:
        emit_json(lines)
    else:
        out.print("\n".join(lines) or none, markup=False, soft_wrap=True)
