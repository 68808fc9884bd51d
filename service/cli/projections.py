"""Projections as those who run them look after them."""

from __future__ import annotations

import typer

from service.cli.options import with_servers
from service.cli.projections_accept import accept
from service.cli.projections_redrive import redrive


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    group = typer.Typer(help="Look after projections: what they could not take.", no_args_is_help=True)
    for command in (accept, redrive):
        group.command()(with_servers(command))
    app.add_typer(group, name="projections", rich_help_panel="Commands and events")
