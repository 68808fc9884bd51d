"""The first thing that people see: the whole service at work, and gone again without a trace."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from service.cli.kafka_client import open_client
from service.cli.local_stack import local_stack
from service.cli.options import Given
from service.cli.output import out, say
from service.cli.running import run
from service.cli.stage import Stage
from service.cli.story import play_ship, play_user


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command(rich_help_panel="Try it")(demo)


def demo(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks")] = False,  # noqa: FBT002  # an option of the line
) -> None:
    """Play both scenarios of the notebook through the whole service, on servers of its own, then stop.

    The ship's events stay in the folder where it is called, in a new file.

    Example: `fairlead demo`
    """
    del debug
    # Short: PostgreSQL's socket lies in it, and a socket's path has a bound.
    with tempfile.TemporaryDirectory(prefix="fairlead-", ignore_cleanup_errors=True) as directory:
        run(_play(Path(directory)))


async def _play(directory: Path) -> None:
    started = time.monotonic()
    out.print(
        Text.assemble("\n⚓ ", ("Fairlead", "bold cyan"), "  commands in, events and replies out, exactly once\n")
    )
    async with local_stack(directory, lambda message: say(f"  {message}")) as endpoints:
        say(f"  Ready after {time.monotonic() - started:.1f} s: Kafka at {endpoints.bootstrap_servers}")
        async with open_client(Given(directory=directory).settings(), "/fairlead/demo") as client:
            stage = Stage(client, directory)
            await play_user(stage)
            file = await play_ship(stage)
        out.print()
        say("  Stopping the servers")
    seconds = time.monotonic() - started
    closing = Text.assemble(
        ("\n✓ ", "green"),
        f"All as it should be, in {seconds:.0f} s; nothing is left running. The ship's events: {file}\n\n",
        ("  Your turn:  ", "dim"),
        ("fairlead up\n", "bold"),
    )
    out.print(closing, soft_wrap=True)
