"""Builds of projections can be looked at, made anew beside the old ones, compared, and shown instead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import typer

from service.cli.options import Given, with_servers
from service.cli.output import emit_rows
from service.cli.projections_accept import accept
from service.cli.projections_diff import diff
from service.cli.projections_drop import drop
from service.cli.projections_rebuild import rebuild
from service.cli.projections_redrive import redrive
from service.cli.projections_switch import rollback, switch
from service.cli.running import run

_COLUMNS = ("build", "is", "behind", "parked", "age")
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    group = typer.Typer(
        help="Look at the builds of projections; make one anew, and show it instead.", no_args_is_help=True
    )
    group.command("list")(with_servers(list_))
    for act in (rebuild, diff, switch, rollback, drop, accept, redrive):
        group.command()(with_servers(act))
    app.add_typer(group, name="projections", rich_help_panel="Servers")


def list_(given: Given) -> None:
    """List all builds: what each is, how far behind its logs, and how many entities it could not take.

    Example: `fairlead projections list`
    """
    from service.rebuilding.listing import list_builds  # noqa: PLC0415  # it brings every driver

    rows = run(list_builds(given.settings()))
    shown = rows if given.as_json else [_shown(row) for row in rows]
    emit_rows(shown, _COLUMNS, as_json=given.as_json, none="Nothing was built yet: `fairlead project` does")


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    age = (datetime.now(UTC) - row["made_at"]).total_seconds()
    return {
        "build": row["label"],
        "is": _is(row),
        "behind": f"{row['behind']:,}",
        "parked": f"{row['parked']:,}",
        "age": next((f"{age / length:.0f} {unit}" for unit, length in _UNITS if age >= length), "0 s"),
    }


def _is(row: Mapping[str, Any]) -> str:
    if row["drop_at"]:
        when = row["drop_at"].astimezone(UTC)
        return f"kept until {when:%Y-%m-%d %H:%M}Z" if when > datetime.now(UTC) else "about to be dropped"
    if row["current"]:
        return "shown"
    state = "candidate" if row["candidate"] else "kept"
    return state if row["followed"] else f"{state}, not followed"
