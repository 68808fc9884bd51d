"""All commands under one name, and the one place where an error becomes a line and an exit code."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Sequence

import structlog
import typer

from service.cli import (
    asking,
    contracts,
    dead_letters,
    demo,
    erase,
    exporting,
    importing,
    projections,
    reading,
    rehearse,
    roles,
    sending,
    settings,
    stack,
    topics,
    verify,
)
from service.cli.exits import Exit, Stop
from service.cli.faults import explain
from service.cli.output import err, ready_to_print

app = typer.Typer(
    name="fairlead",
    help="An event-sourced command service on Kafka: commands in, events and replies out, exactly once.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
groups = (
    demo,
    stack,
    sending,
    reading,
    asking,
    dead_letters,
    projections,
    erase,
    exporting,
    importing,
    verify,
    rehearse,
    topics,
    contracts,
    settings,
    roles,
)
for group in groups:
    group.add_to(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    if not debug:
        # Roles set up their logs themselves; elsewhere the one line below says what a library would log.
        logging.getLogger().addHandler(logging.NullHandler())
    # Roles say it in their own way; of itself structlog would write between the results.
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    ready_to_print()
    try:
        code = typer.main.get_command(app).main(list(arguments), prog_name="fairlead", standalone_mode=False)
    except BrokenPipeError:
        # Whoever read stdout has seen enough; Python would complain of it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except Exception as error:  # noqa: BLE001  # whatever went wrong, a person reads one line
        if debug:
            traceback.print_exc()
        stop = _usage(error) or explain(error)
        if str(stop):
            err.print(f"fairlead: {' '.join(str(stop).split())}", style="red", markup=False, soft_wrap=True)
        return stop.code
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return code if isinstance(code, int) else Exit.DONE


def _usage(error: Exception) -> Stop | None:
    """How the line was wrong, where that is what happened."""
    if isinstance(error, typer.Abort):
        return Stop(Exit.INTERRUPTED, "Interrupted")
    describe = getattr(error, "format_message", None)
    if describe is None:
        return None
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "fairlead"
    if message := describe():
        return Stop(Exit.USAGE, f"{message.rstrip('.')}: see `{path} --help`")
    return Stop(Exit.USAGE)
