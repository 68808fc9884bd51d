"""Past events brought in from a file: judged as a whole first, then handed to the owners of their entities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from service.cli.completing import AGGREGATE
from service.cli.dead_letters_print import tame
from service.cli.event_files import read_values
from service.cli.exits import Exit, Stop
from service.cli.history_check import check_histories, spool_rows
from service.cli.history_file import read_rows
from service.cli.history_send import send_histories
from service.cli.history_spool import Spool
from service.cli.kafka_client import open_client
from service.cli.options import Given, with_servers
from service.cli.output import emit_fields, err
from service.cli.progress import progress_of_known, told_of_bytes
from service.cli.roles import known_aggregates
from service.cli.running import collect_seldom, run
from service.domain import AGGREGATES, Aggregate

_SHOWN_FAULTS = 10
_FAULT_SIGNS = 1_000  # of each: names of fields are as long as a file has them


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command("import", rich_help_panel="Commands and events")(with_servers(import_))


def import_(
    given: Given,
    aggregate: Annotated[str, AGGREGATE],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="As `fairlead export` or a notebook wrote it")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check the file, and list all its faults")] = False,
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="Of times that name none, such as Europe/Berlin")
    ] = "UTC",
) -> None:
    """Bring in past events; a file with a fault changes nothing, and neither does one that is there already.

    One that ends in `.jsonl` has an event on each line, others are a JSON list, and `.gz` behind either is compressed.
    It is sorted on disk first, where TMPDIR says. What was interrupted goes on where it is called again.

    Examples: `fairlead import ship ship_events.json --dry-run`, `fairlead import ship ship_events.jsonl.gz`
    """
    known_aggregates([aggregate])
    kind, zone = AGGREGATES[aggregate], _zone(timezone)
    collect_seldom()
    with Spool() as spool:
        with progress_of_known() as progress:
            rows = read_rows(kind, read_values(file, told_of_bytes(progress, file)), zone)
            spool_rows(spool, rows)
            total = spool.events()
            task = progress.add_task("Checking", total=total)
            check_histories(kind, spool, lambda judged: progress.advance(task, judged))
        if count := spool.fault_count():
            for fault in spool.faults(None if dry_run else _SHOWN_FAULTS):
                err.print(tame(fault, _FAULT_SIGNS), markup=False, soft_wrap=True)
            more = "" if dry_run or count <= _SHOWN_FAULTS else "; --dry-run lists them all"
            raise Stop(
                Exit.INVALID, f"{file} has {count} {'fault' if count == 1 else 'faults'}, nothing was imported{more}"
            )
        found = {"entities": spool.entities(), "events": total}
        if dry_run:
            emit_fields(found | {"faults": 0}, as_json=given.as_json)
            return
        written = run(_send(given, kind, spool, total))
    emit_fields(found | {"imported": written, "already_there": total - written}, as_json=given.as_json)


async def _send(given: Given, aggregate: Aggregate, spool: Spool, total: int) -> int:
    written = 0
    with progress_of_known() as progress:
        task = progress.add_task("Importing", total=total)

        def advance(read: int, new: int) -> None:
            nonlocal written
            written += new
            progress.advance(task, read)

        async with open_client(given.settings(), "/fairlead/import") as client:
            await send_histories(client, aggregate, spool.histories(), advance)
    return written


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Stop(Exit.USAGE, f"{name} is no time zone that is known here: name one such as Europe/Berlin") from None
