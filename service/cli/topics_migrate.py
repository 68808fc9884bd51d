"""More partitions are had by moving to other topics, with all that is kept compared before anything begins there."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from service.cli.exits import Exit, Stop
from service.cli.faults import explain
from service.cli.options import Given
from service.cli.output import emit_fields, say
from service.cli.progress import follow, progress_of_known
from service.cli.roles import known_aggregates
from service.cli.running import run

_PREFIX = re.compile(r"([a-z][a-z0-9_-]{0,30}\.)?")


def migrate(  # noqa: PLR0913  # all that can be said of it
    given: Given,
    aggregate: Annotated[str, typer.Argument(help="Which aggregate, such as ship")],
    to: Annotated[str, typer.Option(metavar="PREFIX", help="What goes before the names of the new topics")],
    partitions: Annotated[int | None, typer.Option(min=2, help="Of every new topic, fixed for life")] = None,
    replication_factor: Annotated[int, typer.Option(min=1, help="Copies of every partition")] = 3,
    *,
    back: Annotated[bool, typer.Option("--back", help="Open the old topics again, and delete the copy")] = False,
) -> None:
    """Copy an aggregate to new topics with more partitions, compare the copy, and begin there.

    FAIRLEAD_PREFIX is that of the old topics. Stop the aggregate's handlers, and whoever publishes, before; afterwards
    start all roles with the new prefix. Until then, or until a command is published there, --back undoes it.

    Example: `fairlead topics migrate ship --partitions 24 --to v2.`
    """
    known_aggregates([aggregate])
    if not _PREFIX.fullmatch(to):
        raise Stop(Exit.USAGE, "--to must be such as v2. : lower-case letters, digits, - or _, and a dot at the end")
    if back == (partitions is not None):
        raise Stop(Exit.USAGE, "say either --partitions, or --back")
    try:
        run(_migrate(given, aggregate, to, partitions, replication_factor))
    except Stop as stop:
        if stop.code == Exit.INTERRUPTED:
            further = "goes on, and the old topics may be open already" if back else "begins anew, and --back undoes it"
            raise Stop(stop.code, f"Interrupted: the same command {further}") from None
        raise


async def _migrate(given: Given, aggregate: str, to: str, partitions: int | None, replication: int) -> None:
    from service.moving import Halfway, Move, NotMovable  # noqa: PLC0415  # it brings every driver

    move = Move(given.settings(), aggregate, to)
    try:
        if partitions is None:
            await move.take_back()
            say(f"Taken back: start all roles with FAIRLEAD_PREFIX={move.settings.prefix}")
            return
        with progress_of_known() as bars:
            counts = await move.make(partitions, replication, lambda what: follow(bars, what))
    except NotMovable as reason:
        raise Stop(Exit.REFUSED, str(reason)) from None
    except Halfway as halfway:
        cause = halfway.__cause__ or halfway
        stop = Stop(Exit.REFUSED, str(cause)) if isinstance(cause, NotMovable) else explain(cause)
        raise Stop(stop.code, f"{stop}. {halfway}") from halfway
    emit_fields(counts or {}, as_json=given.as_json)
    say(f"{'Copied, and compared' if counts else 'That is done'}: start all roles with FAIRLEAD_PREFIX={to}")
