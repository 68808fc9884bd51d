"""Once a projection is mended, what had to wait for that is taken, in its order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.dead_letters_print import tame
from service.cli.exits import Exit, Stop
from service.cli.faults import explain
from service.cli.options import Given
from service.cli.output import emit_json, emit_rows, out
from service.cli.progress import progress_of_known
from service.cli.roles import known_projections
from service.cli.running import run

if TYPE_CHECKING:
    from service.rebuilding.mending import Mended

_COLUMNS = ("build", "topic", "partition", "offset", "entity_id", "waiting", "reason")
_SHOWN = 20
_SHOWN_CHARACTERS = 160


def redrive(
    given: Given,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the projection")],
    *,
    build: Annotated[
        str | None, typer.Option(metavar="BUILD", help="One of its builds, such as ships.v1; all if unset")
    ] = None,
    entity: Annotated[str | None, typer.Option(metavar="ID", help="Of one ship or user only")] = None,
) -> None:
    """Have a mended projection take what waits behind parked entities, in its order; others go on meanwhile.

    An entity of which a message fails again stays parked from there on, and what came before it is taken. Exit code 1
    where any is parked still. It may be interrupted and run again at any time.

    Example: `fairlead projections redrive ships --entity 7b0f…`
    """
    from service.rebuilding import mending  # noqa: PLC0415  # it brings every driver: not for commands that need none

    known_projections([name])
    which, done = mending.Which(name, build, entity), mending.Mended()

    async def work() -> None:
        with progress_of_known(transient=True) as bars:
            bar = bars.add_task("Taking what waits", total=0)
            try:
                await mending.redrive_projection(
                    given.settings(),
                    which,
                    done,
                    lambda: bars.update(bar, total=done.waiting, completed=done.taken.messages),
                )
            except asyncio.CancelledError:
                raise Stop(Exit.INTERRUPTED, f"Interrupted: {_so_far(done)}") from None
            except ConnectionError as error:
                raise Stop(explain(error).code, f"{explain(error)}; {_so_far(done)}") from error

    run(work())
    _emit(done, as_json=given.as_json)
    if done.parked:
        raise Stop(Exit.FAILED)


def _so_far(done: Mended) -> str:
    return f"{done.taken.messages:,} messages were taken: these stand, the rest waits as before"


def _emit(done: Mended, *, as_json: bool) -> None:
    taken = done.taken
    still = [_row(build.label, one) for build, one in done.parked]
    if as_json:
        emit_json({"taken": {"entities": taken.entities, "messages": taken.messages}, "parked": still})
        return
    counts = f"messages taken: {taken.messages:,}; entities taken: {taken.entities:,}; still parked: {len(still):,}"
    out.print(counts.capitalize())
    if still:
        named = [row | {"entity_id": tame(row["entity_id"], _SHOWN_CHARACTERS)} for row in still[:_SHOWN]]
        rows = [row | {"reason": tame(row["reason"], _SHOWN_CHARACTERS)} for row in named]
        emit_rows(rows, _COLUMNS, as_json=False, none="")
        if len(still) > _SHOWN:
            out.print(f"… and {len(still) - _SHOWN:,} more: --json shows all", style="dim")


def _row(label: str, one: Any) -> dict[str, Any]:
    return {"build": label, **one._asdict(), "at": one.at.isoformat()}
