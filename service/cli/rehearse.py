"""What code that is not deployed yet would have said to commands that were already decided: asked before it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
import typer
from pydantic import TypeAdapter, ValidationError
from rich.table import Table
from rich.text import Text

from service.cli.exits import Exit, Stop
from service.cli.options import Given, with_servers
from service.cli.output import emit_json, emit_rows, out
from service.cli.rehearse_run import Found, Window, rehearse_all
from service.cli.roles import known_aggregates
from service.cli.running import run
from service.cli.times import parse_duration, parse_time
from service.domain import AGGREGATES

_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Register this command."""
    app.command(rich_help_panel="Commands and events")(with_servers(rehearse))


def rehearse(  # noqa: PLR0913  # what is played
    given: Given,
    aggregates: Annotated[
        list[str] | None, typer.Argument(help="Which aggregates; all if none", metavar="[AGGREGATE]…")
    ] = None,
    *,
    entity: Annotated[str | None, typer.Option(metavar="ID", help="Only the commands of this ship or user")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="From then on, or for so long back: a time, or 30m, 12h, 7d")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Up to then, inclusive; likewise")] = None,
    every: Annotated[bool, typer.Option("--all", help=f"Show all differences, not only {_SHOWN}")] = False,
) -> None:
    """Decide recorded commands again by the code at hand; exit 1 where something else is said now.

    Plays all commands that are kept, or those of a time or of an entity, each on the state that the recorded events
    had led to by then, and compares status, code and events. Reads beside a running service and writes nothing.

    Example: `fairlead rehearse ship --since 24h`
    """
    chosen = aggregates or list(AGGREGATES)
    known_aggregates(chosen)
    window = _window(since, until, _key(chosen, entity))
    found = run(rehearse_all(given.settings(), chosen, window, keep=None if every else _SHOWN))
    if not found.compared:
        wider = "name another time with --since" if since or until else "send some, or name another server"
        raise Stop(Exit.NOT_FOUND, f"No decided command of {entity or ' or '.join(chosen)} is kept there: {wider}")
    if given.as_json:
        first = [asdict(one) for one in found.first]
        emit_json({"differences": found.differences, "first": first, "compared": dict(sorted(found.counts.items()))})
    else:
        _print(found)
    if found.differences:
        raise Stop(Exit.FAILED)


def _key(chosen: list[str], entity: str | None) -> bytes | None:
    if entity is None:
        return None
    if len(chosen) != 1:
        raise Stop(
            Exit.USAGE, f"--entity is of one aggregate: say which, such as `fairlead rehearse ship --entity {entity}`"
        )
    try:
        TypeAdapter(AGGREGATES[chosen[0]].entity_id).validate_python(entity, strict=True)
    except ValidationError:
        raise Stop(Exit.USAGE, f"--entity {entity} is no id of a {chosen[0]}: `fairlead send` printed it") from None
    return entity.encode()


def _window(since: str | None, until: str | None, key: bytes | None) -> Window:
    now = datetime.now(UTC)
    start, end = (_moment(name, text, now) for name, text in (("--since", since), ("--until", until)))
    if start is not None and end is not None and start > end:
        raise Stop(Exit.USAGE, f"--since {since} lies behind --until {until}: exchange them")
    return Window(start, end, key)


def _moment(option: str, text: str | None, now: datetime) -> int | None:
    """Milliseconds since the epoch; raises Stop."""
    if text is None:
        return None
    try:
        moment = now - timedelta(seconds=parse_duration(text)) if text[-1:] in "smhd" else parse_time(text)
    except (OverflowError, ValueError) as error:
        raise Stop(Exit.USAGE, f"{option}: {error}; or say for how long back, such as 12h") from error
    return int(moment.timestamp() * 1000)


def _print(found: Found) -> None:
    counts = [{"commands": name, "": f"{count:,}"} for name, count in sorted(found.counts.items())]
    emit_rows(counts, ("commands", ""), as_json=False, none="")
    if not found.differences:
        out.print("No differences", style="green")
        return
    table = Table(header_style="dim", show_lines=True)
    for column in ("command", "recorded", "now"):
        table.add_column(column, overflow="fold")
    for one in found.first:
        about = f"{one.type}\n{one.aggregate} {one.entity_id}\n{one.command_id}\nat {one.partition}/{one.offset}"
        table.add_row(Text(about), Text(_told(one.recorded), style="green"), Text(_told(one.now), style="red"))
    out.print(table)
    if more := found.differences - len(found.first):
        out.print(f"and {more:,} more: --all shows them", markup=False)


def _told(said: Mapping[str, Any]) -> str:
    """A line for each thing that was said."""
    if "digest" in said:
        return f"digest {said['digest']}"
    first = " · ".join(str(said[name]) for name in ("status", "code", "message") if said[name] is not None)
    return "\n".join([first, *(f"{event['type']} {orjson.dumps(event['data']).decode()}" for event in said["events"])])
