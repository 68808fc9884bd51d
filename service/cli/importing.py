"""Past events brought in from a file: judged as a whole first, then handed to the owners of their entities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from service.cli.exits import Exit, Stop
from service.cli.history_check import check_history
from service.cli.history_file import Row, load_rows, read_rows
from service.cli.history_send import send_histories
from service.cli.kafka_client import open_client
from service.cli.options import Given, with_servers
from service.cli.output import emit_fields, err
from service.cli.progress import progress_of_known
from service.cli.roles import known_aggregates
from service.cli.running import run
from service.domain import AGGREGATES

_SHOWN_FAULTS = 10


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command("import", rich_help_panel="Commands and events")(with_servers(import_))


def import_(
    given: Given,
    aggregate: Annotated[str, typer.Argument(help="ship or user")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="As `fairlead export` or a notebook wrote it")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check the file, and list all its faults")] = False,
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="Of times that name none, such as Europe/Berlin")
    ] = "UTC",
) -> None:
    """Bring in past events; a file with a fault changes nothing, and neither does one that is there already.

    Example: `fairlead import ship ship_events.json --dry-run`
    """
    known_aggregates([aggregate])
    kind = AGGREGATES[aggregate]
    checked = check_history(kind, read_rows(kind, load_rows(file), _zone(timezone)))
    if checked.faults:
        shown = checked.faults if dry_run else checked.faults[:_SHOWN_FAULTS]
        for fault in shown:
            err.print(fault, markup=False, soft_wrap=True)
        count = len(checked.faults)
        more = "" if len(shown) == count else "; --dry-run lists them all"
        raise Stop(
            Exit.INVALID, f"{file} has {count} {'fault' if count == 1 else 'faults'}, nothing was imported{more}"
        )
    total = sum(map(len, checked.histories.values()))
    found = {"entities": len(checked.histories), "events": total}
    if dry_run:
        emit_fields(found | {"faults": 0}, as_json=given.as_json)
        return
    written = run(_send(given, aggregate, checked.histories, total))
    emit_fields(found | {"imported": written, "already_there": total - written}, as_json=given.as_json)


async def _send(given: Given, aggregate: str, histories: dict[str, list[Row]], total: int) -> int:
    written = 0
    with progress_of_known() as progress:
        task = progress.add_task("Importing", total=total)

        def advance(read: int, new: int) -> None:
            nonlocal written
            written += new
            progress.advance(task, read)

        async with open_client(given.settings(), "/fairlead/import") as client:
            await send_histories(client, AGGREGATES[aggregate], histories, advance)
    return written


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Stop(Exit.USAGE, f"{name} is no time zone that is known here: name one such as Europe/Berlin") from None
