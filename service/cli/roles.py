"""The three roles of the service, each a process of its own, as containers run them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import structlog
import typer

from service.cli.completing import AGGREGATE_OR_ALL
from service.cli.exits import Exit, Stop
from service.cli.misspelt import warn_of_unknown
from service.cli.options import Given, with_servers
from service.cli.running import ignore, run_role
from service.cli.workers import run_workers
from service.domain import AGGREGATES
from service.settings import Settings
from service.telemetry import configure_logging


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    for role in (handle, project, api):
        app.command(rich_help_panel="Roles")(with_servers(role))


def handle(
    given: Given,
    aggregates: Annotated[list[str] | None, AGGREGATE_OR_ALL] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that share the partitions; one that dies is started again")
    ] = 1,
    worker: Annotated[int | None, typer.Option(hidden=True, help="Which of them this is")] = None,
) -> None:
    """Decide commands: own partitions, write events and replies.

    Example: `fairlead handle ship --workers 2`
    """
    from service import app as composition  # noqa: PLC0415  # it brings every driver: not for commands that need none

    known_aggregates(aggregates or ())
    settings = given.settings()
    _configure_logs(settings)
    chosen = aggregates or list(AGGREGATES)
    if worker is not None:
        structlog.contextvars.bind_contextvars(worker=worker)
        # Ctrl-C reaches it from the terminal and from its supervisor: only the first may count.
        run_role(composition.run_handler(settings, chosen), again=ignore, lifeline=sys.stdin.fileno())
    elif workers > 1:
        run_workers(given, settings, chosen, workers)
    else:
        run_role(composition.run_handler(settings, chosen))


def project(
    given: Given,
    names: Annotated[list[str] | None, typer.Argument(help="Which projections; all if none", metavar="[NAME]…")] = None,
) -> None:
    """Keep projections in PostgreSQL: ships, ports, accounts, journal, outcomes, erasures.

    Example: `fairlead project ships ports`
    """
    from service import app as composition  # noqa: PLC0415  # as above

    known_projections(names or ())
    settings = given.settings()
    _configure_logs(settings)
    run_role(composition.run_projectors(settings, names or []))


def api(given: Given) -> None:
    """Serve the HTTP API.

    Example: `FAIRLEAD_API_PORT=8080 fairlead api`
    """
    from service import app as composition  # noqa: PLC0415  # as above

    settings = given.settings()
    _configure_logs(settings)
    run_role(composition.run_api(settings))


def _configure_logs(settings: Settings) -> None:
    configure_logging(settings.log_level)
    warn_of_unknown(os.environ)


def known_aggregates(names: list[str] | tuple[str, ...]) -> None:
    """Refuse what is no aggregate; raises Stop."""
    for name in names:
        if name not in AGGREGATES:
            raise Stop(Exit.USAGE, f"{name} is no aggregate: choose from {', '.join(AGGREGATES)}")


def known_projections(names: Sequence[str]) -> None:
    """Refuse what is no projection; raises Stop."""
    from service.projections import PROJECTIONS  # noqa: PLC0415  # as above

    for name in names:
        if name not in PROJECTIONS:
            raise Stop(Exit.USAGE, f"{name} is no projection: choose from {', '.join(PROJECTIONS)}")
