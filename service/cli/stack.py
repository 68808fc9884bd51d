"""A whole service on one machine, in the foreground until it is told to stop."""

from __future__ import annotations

import asyncio
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from service.cli.local_stack import local_stack, regardless
from service.cli.options import ENDPOINTS
from service.cli.output import err, say
from service.cli.running import run_role

if TYPE_CHECKING:
    from service.local.up import StackEndpoints

_PASSWORD = re.compile(r":[^:/@]+@")
DEFAULT_DIRECTORY = Path(".fairlead")


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command(rich_help_panel="Try it")(up)


def up(
    directory: Annotated[Path, typer.Option("--dir", help="Where its data stays")] = DEFAULT_DIRECTORY,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks")] = False,  # noqa: FBT002  # an option of the line
) -> None:
    """Run Kafka, PostgreSQL and the service here until Ctrl-C; what it stored is there the next time.

    Example: `fairlead up --dir harbour`
    """
    del debug
    run_role(_stand(directory))


async def _stand(directory: Path) -> None:
    async with local_stack(directory, say) as endpoints:
        with regardless():
            _introduce(endpoints, directory)
        await asyncio.Event().wait()


def _introduce(endpoints: StackEndpoints, directory: Path) -> None:
    told = {
        "Kafka": endpoints.bootstrap_servers,
        "PostgreSQL": f"{_PASSWORD.sub('@', endpoints.database_url)}  (its password: {ENDPOINTS} in the data)",
        "HTTP API": f"{endpoints.api_url}  (what it can do: {endpoints.api_url}/docs)",
        "Data": str(directory),
    }
    err.print(Text("\nThe service is up; Ctrl-C stops it.\n", style="bold green"))
    for name, value in told.items():
        err.print(Text.assemble("  ", (f"{name:<12}", "dim"), value), soft_wrap=True)
    option = f"--dir {shlex.quote(str(directory))}"
    err.print(
        Text.assemble(
            "\nIn another terminal:\n\n  ",
            (f'fairlead send register_ship name="Pacific Explorer" {option}', "bold"),
            "\n",
        ),
        soft_wrap=True,
    )
