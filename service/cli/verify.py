"""Whether all that is kept anywhere is what the events and commands say: asked of a system that goes on running."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.audit.contract import COMMANDS
from service.audit.report import Report
from service.cli.completing import AGGREGATE_OR_ALL
from service.cli.exits import Exit, Stop
from service.cli.options import Given, with_servers
from service.cli.output import emit_json, emit_rows, out, say
from service.cli.roles import known_aggregates
from service.cli.running import run
from service.domain import AGGREGATES

_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Register this command."""
    app.command(rich_help_panel="Commands and events")(with_servers(verify))


def verify(
    given: Given,
    aggregates: Annotated[list[str] | None, AGGREGATE_OR_ALL] = None,
    *,
    state_dir: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, metavar="DIR", help="Also what handlers on this machine keep there"),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help=f"Show all differences, not only {_SHOWN}")] = False,
) -> None:
    """Compare events, decisions, snapshots, checkpoints, rows, keys and local state; exit 1 where something differs.

    Reads beside a running service and writes nothing. Commands that retention has removed, and what rests on them, are
    not judged again; how many there were is told.

    Example: `fairlead verify ship --state-dir /var/lib/fairlead`
    """
    from service.cli.verify_run import verify as audit  # noqa: PLC0415  # it brings every driver

    known_aggregates(aggregates or ())
    unjudged = [name for name in aggregates or AGGREGATES if name not in COMMANDS]
    if unjudged:
        say(f"Not compared: {', '.join(unjudged)}, whose rules service/audit does not have")
    judged = [name for name in aggregates or AGGREGATES if name in COMMANDS]
    report = run(audit(given.settings(), judged, state_dir))
    shown = report.violations if every else report.violations[:_SHOWN]
    if given.as_json:
        counts = dict(sorted(report.counts.items()))
        emit_json({"differences": len(report.violations), "first": shown, "compared": counts})
    else:
        _print(report, shown)
    if report.violations:
        raise Stop(Exit.FAILED)


def _print(report: Report, shown: list[str]) -> None:
    rows = [{"compared": name, "": f"{count:,}"} for name, count in sorted(report.counts.items()) if count]
    emit_rows(rows, ("compared", ""), as_json=False, none="Nothing was there to be compared")
    for line in shown:
        out.print(line, style="red", markup=False, soft_wrap=True)
    if more := len(report.violations) - len(shown):
        out.print(f"and {more:,} more: --all shows them", markup=False)
    if not report.violations:
        out.print("No differences", style="green")
