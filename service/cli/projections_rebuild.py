"""The rows of a projection are made anew beside those that readers see, which go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.exits import Exit, Stop
from service.cli.options import Given
from service.cli.output import emit_fields, say
from service.cli.progress import progress_of_known
from service.cli.roles import known_projections
from service.cli.running import run, run_role

if TYPE_CHECKING:
    from service.rebuilding.making import Made

NAME = typer.Argument(help="Which projection, such as ships")


def rebuild(
    given: Given,
    name: Annotated[str, NAME],
    rate: Annotated[
        float | None, typer.Option(min=1, metavar="N", help="Records per second that are read here, at most")
    ] = None,
    *,
    keep_following: Annotated[
        bool,
        typer.Option("--keep-following", help="Keep it up until Ctrl-C, where no projector knows it yet"),
    ] = False,
) -> None:
    """Make a projection's rows anew, beside those that are shown, until they stand level.

    It is the build that waits to be shown, or a new one. Whoever is interrupted or killed goes on where it stood by
    the same command. Projectors that know its version keep it up from then on.

    Example: `fairlead projections rebuild ships --rate 5000`
    """
    known_projections([name])
    if keep_following:
        run_role(_rebuild(given, name, rate, stay=True))
        return
    try:
        run(_rebuild(given, name, rate, stay=False))
    except Stop as stop:
        if stop.code == Exit.INTERRUPTED:
            raise Stop(stop.code, "Interrupted: the same command goes on where this one stood") from None
        raise


async def _rebuild(given: Given, name: str, rate: float | None, *, stay: bool) -> None:
    from service.projections import PROJECTIONS  # noqa: PLC0415  # it brings every driver: not for commands that need none
    from service.rebuilding.making import rebuild as make  # noqa: PLC0415  # as above

    with progress_of_known() as bars:
        task = bars.add_task(f"Reading for {name}", total=0)

        def tell(build: Any, done: int, total: int) -> None:
            bars.update(task, description=f"Reading for {build.label}", completed=done, total=total)

        made = await make(given.settings(), PROJECTIONS[name], tell, rate=rate, stay=stay)
    _report(given, made)


def _report(given: Given, made: Made) -> None:
    build, shown, name = made.build.label, made.shown.label, made.build.name
    told = {"build": build, "shown": shown, "offsets": made.offsets, "followed": made.followed}
    emit_fields(told, as_json=given.as_json)
    if not made.followed:
        say(f"No projector keeps {build} up: start `fairlead project` of this release, or say --keep-following")
    say(f"Next: `fairlead projections diff {name}` compares it with {shown}; `fairlead projections switch {name}`")
