"""Nothing is sent or given up before it is clear what is meant, and somebody has agreed."""

from __future__ import annotations

import sys

import typer

from service.cli.dead_letters_filter import Filter
from service.cli.dead_letters_plan import Plan
from service.cli.dead_letters_report import plan_fields, plan_lines
from service.cli.exits import Exit, Stop
from service.cli.options import Given
from service.cli.output import emit_json, out, say


def refuse_unclear(wanted: Filter, *, all_: bool, sure: bool) -> None:
    """Refuse what could be a slip; raises Stop."""
    if not wanted.says_something and not all_:
        raise Stop(Exit.USAGE, "Which ones? Say so with a filter such as --key or --code, or --all")
    if wanted.says_something and all_:
        raise Stop(Exit.USAGE, "--all and a filter exclude each other: give one")
    if not sure and not _can_ask():
        raise Stop(Exit.USAGE, "No terminal can be asked whether to do this: say --yes, or see with --dry-run first")


def _can_ask() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def agreed(plan: Plan, verb: str, given: Given, *, dry_run: bool, yes: bool) -> bool:
    """Whether to go on; raises Stop where a person says no."""
    lines = plan_lines(plan, verb)
    if dry_run and given.as_json:
        emit_json(plan_fields(plan))
    elif dry_run:
        out.print("\n".join(lines) or "Nothing to do", markup=False, soft_wrap=True)
    else:
        for line in lines:
            say(line)
        if not plan.is_empty and not yes and not typer.confirm("Go on?", err=True):
            raise Stop(Exit.FAILED, "Nothing was done")
    return not dry_run
