"""Readers are moved to another build, and back, and notice nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.exits import Exit, Stop
from service.cli.options import Given
from service.cli.output import emit_fields, say
from service.cli.projections_rebuild import NAME
from service.cli.roles import known_projections
from service.cli.running import run
from service.cli.times import parse_duration

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from service.rebuilding.moving import Moved

KEEP = typer.Option(metavar="DURATION", help="Drop the build that is shown now after this time, such as 12h or 7d")
STALE = typer.Option("--stale", help="Although entities are parked there that are not here: theirs are older rows")


def switch(
    given: Given,
    name: Annotated[str, NAME],
    to: Annotated[str | None, typer.Option(metavar="BUILD", help="As `list` names it; else the candidate")] = None,
    keep: Annotated[str | None, KEEP] = None,
    *,
    stale: Annotated[bool, STALE] = False,
) -> None:
    """Show readers the build that was made for it; only where it stands where they are, or further.

    The build that was shown is kept up for `rollback`, until it is dropped.

    Example: `fairlead projections switch ships --keep 7d`
    """
    from service.postgres.switching import Terms  # noqa: PLC0415  # it brings every driver
    from service.rebuilding import moving  # noqa: PLC0415  # as above

    known_projections([name])
    _move(given, moving.switch(given.settings(), name, Terms(_seconds(keep), stale), to))


def rollback(
    given: Given,
    name: Annotated[str, NAME],
    keep: Annotated[str | None, KEEP] = None,
    *,
    stale: Annotated[bool, STALE] = False,
) -> None:
    """Show readers again what they saw before; only where it stands where they are, or further.

    Example: `fairlead projections rollback ships`
    """
    from service.postgres.switching import Terms  # noqa: PLC0415  # as above
    from service.rebuilding import moving  # noqa: PLC0415  # as above

    known_projections([name])
    _move(given, moving.rollback(given.settings(), name, Terms(_seconds(keep), stale)))


def _seconds(keep: str | None) -> float | None:
    try:
        return None if keep is None else parse_duration(keep)
    except ValueError as error:
        raise Stop(Exit.USAGE, f"--keep: {error}") from error


def _move(given: Given, work: Coroutine[Any, Any, Moved]) -> None:
    moved = run(work)
    build, before = moved.build.label, moved.before.label
    told = {"shown": build, "before": before, "followed": moved.followed}
    emit_fields(told, as_json=given.as_json)
    if not moved.followed:
        say(f"No projector keeps {build} up, and readers see nothing new: start `fairlead project` of its release")
    if build == before:
        say("Readers saw it already: nothing was changed")
    else:
        say(f"`fairlead projections rollback {moved.build.name}` shows {before} again, as quickly")
