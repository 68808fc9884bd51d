"""A person says that a mended projection makes the same rows, and its projectors may start again."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.options import Given
from service.cli.output import emit_json, out
from service.cli.roles import known_projections
from service.cli.running import run


def accept(
    given: Given, name: Annotated[str, typer.Argument(metavar="NAME", help="Of the projection whose code was mended")]
) -> None:
    """Let a mended function go on with the rows that are there, without a new version.

    Say so only where it makes the same rows of every message that was taken, and takes only what was refused before;
    `fairlead projections redrive` then has it take what waits. Where that is not so, give it a new version. A change
    of its tables is always a new version.

    Example: `fairlead projections accept ships`
    """
    from service.rebuilding import mending  # noqa: PLC0415  # it brings every driver: not for commands that need none

    known_projections([name])
    accepted = run(mending.accept_projection(given.settings(), name))
    if given.as_json:
        emit_json([build.label for build in accepted])
    elif accepted:
        builds = ", ".join(build.label for build in accepted)
        out.print(f"Accepted for {builds}: restart the projectors, then `fairlead projections redrive {name}`")
    else:
        out.print(f"Nothing to accept: the rows of {name} were made by this code")
