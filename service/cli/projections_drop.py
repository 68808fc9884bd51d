"""A build that nobody needs any more goes, with its rows and its consumer group."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.options import Given
from service.cli.output import emit_fields, say
from service.cli.projections_rebuild import NAME
from service.cli.roles import known_projections
from service.cli.running import run


def drop(
    given: Given,
    name: Annotated[str, NAME],
    build: Annotated[str, typer.Argument(help="As `list` names it; never the one that is shown")],
) -> None:
    """Drop a build: projectors let go of it, then its rows and its consumer group are deleted.

    Example: `fairlead projections drop ships ships.v1`
    """
    from service.rebuilding import moving  # noqa: PLC0415  # it brings every driver: not for commands that need none

    known_projections([name])
    dropped, is_left = run(moving.drop(given.settings(), name, build))
    emit_fields({"dropped": dropped.label, "group_deleted": is_left}, as_json=given.as_json)
    if not is_left:
        say("Somebody is in its consumer group still; the broker forgets the group in time once all have left")
