"""State, events and outcomes, read through the HTTP API as any other program would."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from service.cli.completing import AGGREGATE
from service.cli.exits import Exit, Stop
from service.cli.formats import as_notebook, as_row, data_in_order
from service.cli.http_reads import open_reads
from service.cli.options import Given, with_servers
from service.cli.output import emit_fields, emit_json, emit_rows, plain
from service.cli.roles import known_aggregates
from service.cli.running import run
from service.cli.times import as_utc, parse_time

_ENTITY = typer.Argument(metavar="ID", help="The entity's id")
_MIN_VERSION = typer.Option(min=0, metavar="N", help="Wait until reads have caught up with this version")
_WAIT = typer.Option(min=0, max=300, metavar="SECONDS", help="How long, at most")


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    for command in (show, replay, outcome):
        app.command(rich_help_panel="Commands and events")(with_servers(command))


def show(  # noqa: PLR0913  # the ways to say when
    given: Given,
    aggregate: Annotated[str, AGGREGATE],
    entity_id: Annotated[str, _ENTITY],
    *,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="As it was then, inclusive; UTC unless it says")
    ] = None,
    version: Annotated[int | None, typer.Option(min=1, metavar="N", help="As it was at this version")] = None,
    min_version: Annotated[int, _MIN_VERSION] = 0,
    wait: Annotated[float, _WAIT] = 5.0,
) -> None:
    """Show the state of a ship or user, now or then.

    Example: `fairlead show ship 7b0f… --at 2026-11-24T18:20:00Z`
    """
    known_aggregates([aggregate])
    if at is not None and version is not None:
        raise Stop(Exit.USAGE, "--at and --version exclude each other: give one")
    query: dict[str, Any] = {"at": moment("--at", at), "version": version}

    async def work() -> dict[str, Any]:
        async with open_reads(given.settings().api_url) as reads:
            return await reads.state(aggregate, entity_id, query, min_version=min_version, wait=wait)

    emit_fields(run(work()), as_json=given.as_json)


def replay(  # noqa: PLR0913  # as in show
    given: Given,
    aggregate: Annotated[str, AGGREGATE],
    entity_id: Annotated[str, _ENTITY],
    *,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Up to then, inclusive; UTC unless it says")] = None,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="plain, or notebook (users)")] = "plain",
    min_version: Annotated[int, _MIN_VERSION] = 0,
    wait: Annotated[float, _WAIT] = 5.0,
) -> None:
    """List the events of a ship or user, as JSON for a program; `null` if there are none.

    Example: `fairlead replay user 7b0f… --until 2026-11-24T18:20:00Z`
    """
    known_aggregates([aggregate])
    if form not in ("plain", "notebook"):
        raise Stop(Exit.USAGE, f"{form} is no format: choose plain or notebook")
    if form == "notebook" and aggregate != "user":
        raise Stop(Exit.USAGE, "--format notebook is for users: leave it out")

    async def work() -> list[dict[str, Any]]:
        async with open_reads(given.settings().api_url) as reads:
            last = moment("--until", until)
            return await reads.events(aggregate, entity_id, last, min_version=min_version, wait=wait)

    try:
        events = run(work())
    except Stop as stop:
        if stop.code is Exit.NOT_FOUND and given.as_json:
            emit_json(None)
        raise
    if form == "notebook":
        emit_json([as_notebook(event) for event in events] or None)
    elif given.as_json:
        emit_json([as_row(event) for event in events] or None)
    else:
        shown = [event | {"data": plain(data_in_order(event))} for event in events]
        emit_rows(shown, ("version", "time", "type", "data"), as_json=False, none="No events")


def outcome(
    given: Given,
    command_id: Annotated[str, typer.Argument(metavar="COMMAND_ID", help="As `fairlead send` printed it")],
    wait: Annotated[float, _WAIT] = 0.0,
) -> None:
    """Tell what became of a command, from any machine: one outcome for each entity that was asked.

    Example: `fairlead outcome 0b9c7e0e-6f0b-4c57-9d6b-0d3a3a5c1c11`
    """

    async def work() -> list[dict[str, Any]]:
        async with open_reads(given.settings().api_url) as reads:
            return await reads.outcomes(command_id, wait=wait)

    found = run(work())
    if given.as_json:
        emit_json(found)
        return
    for entry in found:
        shown = entry | {"events": [f"{event['version']} {event['type']}" for event in entry["events"]]}
        emit_fields({name: value for name, value in shown.items() if value not in (None, [])}, as_json=False)


def moment(option: str, text: str | None) -> str | None:
    """A time as the API takes it, None where the option was not said; raises Stop where it has none."""
    try:
        return None if text is None else as_utc(parse_time(text))
    except ValueError as error:
        raise Stop(Exit.USAGE, f"{option}: {error}") from error
