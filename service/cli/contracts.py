"""What other teams build upon is written from the code, and compared with what they have."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from service.cli.contracts_released import released
from service.cli.exits import Exit, Stop
from service.cli.options import Given, expanded
from service.cli.output import emit_rows

_HERE = Path("contracts/published")
_COLUMNS = ("aggregate", "message", "version", "kind", "verdict", "ok", "because")


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    group = typer.Typer(help="Write and compare what other teams build upon.", no_args_is_help=True)
    for command in (write, check):
        group.command()(expanded(command, "given", _output))
    app.add_typer(group, name="contracts", rich_help_panel="Contracts")


def _output(
    *,
    json: Annotated[bool, typer.Option("--json", help="JSON even on a terminal")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks")] = False,
) -> Given:
    return Given(json=json, debug=debug)


def write(
    given: Given, target: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where the set is, or will be")] = _HERE
) -> None:
    """Write AsyncAPI, schemas, samples and pages from the code at hand.

    What was released in another form is not written over: nothing is written then, and the exit code is 1.

    Example: `fairlead contracts write`
    """
    from service.published import folder  # noqa: PLC0415  # it brings all models: not for commands that need none

    if target == _HERE and not target.parent.is_dir():
        raise Stop(Exit.NOT_FOUND, f"{_HERE} is not here: run it in the repository, or name a directory")
    try:
        changed = folder.write(target)
    except folder.Kept as problem:
        raise Stop(Exit.FAILED, str(problem)) from problem
    rows = [{"file": path} for path in changed]
    emit_rows(rows, ("file",), as_json=given.as_json, none=f"{target} is what the code says")


def check(
    given: Given,
    against: Annotated[
        str, typer.Option(metavar="DIR|REF", help="A released set: a directory, or a commit, branch or tag of Git")
    ] = str(_HERE),
) -> None:
    """Compare the code at hand with a released set; exit 1 where somebody would be broken.

    Of each message: BACKWARD, it reads what was written before; FORWARD, former readers read what it writes; FULL,
    both; BREAKING, neither. A command must be BACKWARD, an event or a reply FULL, or have a new version.

    Example: `fairlead contracts check --against v1.2.0`
    """
    from service.published.files import published  # noqa: PLC0415  # as above
    from service.published.verdicts import verdicts  # noqa: PLC0415  # as above

    found = verdicts(released(against, _HERE), published())
    emit_rows([asdict(one) for one in found], _COLUMNS, as_json=given.as_json, none="No message was released")
    if broken := [f"{one.aggregate} {one.message}" for one in found if not one.ok]:
        what_next = "give it a new version, as contracts/EVOLUTION.md has it, or take the change back"
        told = f"{', '.join(broken)} would break what is in use: {what_next}"
        raise Stop(Exit.FAILED, told)
