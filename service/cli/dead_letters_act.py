"""Dead letters are sent again or given up on purpose: a filter says which, and a person says yes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer

from service.cli.dead_letters_consent import agreed, refuse_unclear
from service.cli.dead_letters_filter import Filter
from service.cli.dead_letters_letter import Letter, Place
from service.cli.dead_letters_plan import Plan, make_plan
from service.cli.dead_letters_read import Survey, survey
from service.cli.dead_letters_report import emit_tally, say_bare, say_next
from service.cli.dead_letters_send import ask_owners, send_again
from service.cli.dead_letters_tally import Tally
from service.cli.exits import Exit, Stop
from service.cli.faults import explain
from service.cli.options import Given
from service.cli.output import say
from service.cli.running import run
from service.settings import Settings

_ALL = typer.Option("--all", help="All there are, where no filter says which")
_DRY_RUN = typer.Option("--dry-run", help="Say what would be done, and do nothing")
_YES = typer.Option("--yes", "-y", help="Do not ask; needed where no terminal can answer")
_TIMEOUT = typer.Option(min=1, max=3600, metavar="SECONDS", help="How long to wait for an answer that does not come")


def redrive(  # noqa: PLR0913  # each is a choice of its own
    given: Given,
    wanted: Filter,
    *,
    all_: Annotated[bool, _ALL] = False,
    skip: Annotated[
        list[int] | None,
        typer.Option(min=0, metavar="OFFSET", help="Leave out the command with this offset; repeatable"),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what was redriven 3 times, or judged since")] = False,
    dry_run: Annotated[bool, _DRY_RUN] = False,
    yes: Annotated[bool, _YES] = False,
    timeout: Annotated[float, _TIMEOUT] = 60.0,
) -> None:
    """Have dead letters judged again, in their order: parked entities as a whole, all others as new commands.

    Exit code 1 where any failed again, 5 where any got no answer in time, 7 where none is meant.

    Example: `fairlead dead-letters redrive ship --code wrong_partition`
    """
    refuse_unclear(wanted, all_=all_, sure=dry_run or yes)
    settings = given.settings()
    found = _found(settings, wanted)
    # Their owner would say as much, and each time again.
    say_bare(found.bare)
    settled = set() if again else run(_settled(settings, found.letters))
    plan = make_plan(replace(found, bare=[]), frozenset(skip or ()), settled, again=again)
    tally = Tally()

    async def work() -> None:
        if plan.parked:
            # First, so that what else there is of an entity does not queue up behind it.
            await ask_owners(settings, "redrive_parked", plan.parked, timeout, tally)
        if plan.letters:
            await send_again(settings, plan.letters, timeout, tally)

    if agreed(plan, "Redrive", given, dry_run=dry_run, yes=yes):
        _carry_out(work, plan, tally, given)


def discard(  # noqa: PLR0913  # as above
    given: Given,
    wanted: Filter,
    *,
    all_: Annotated[bool, _ALL] = False,
    dry_run: Annotated[bool, _DRY_RUN] = False,
    yes: Annotated[bool, _YES] = False,
    timeout: Annotated[float, _TIMEOUT] = 60.0,
) -> None:
    """Give up what waits behind parked entities; all other dead letters rest until retention removes them.

    Example: `fairlead dead-letters discard ship --key 7b0f…`
    """
    refuse_unclear(wanted, all_=all_, sure=dry_run or yes)
    settings = given.settings()
    found = _found(settings, wanted)
    if resting := sum(not letter.waiting for letter in found.letters):
        say(f"Dead letters that hold nobody up: {resting:,}; they rest until retention removes them")
    waiting = [letter for letter in found.letters if letter.waiting]
    plan = make_plan(Survey(waiting, found.waiting, found.bare), again=True)
    tally = Tally()

    async def work() -> None:
        await ask_owners(settings, "discard_parked", plan.parked, timeout, tally)

    if agreed(plan, "Discard", given, dry_run=dry_run, yes=yes):
        _carry_out(work, plan, tally, given)


def _found(settings: Settings, wanted: Filter) -> Survey:
    found = run(survey(settings, wanted.aggregates, wanted.matches, wanted.limit))
    found = replace(found, bare=[(aggregate, entity) for aggregate, entity in found.bare if wanted.names(entity)])
    if not found.letters and not found.bare:
        raise Stop(Exit.NOT_FOUND, "No dead letter is meant: `fairlead dead-letters list` shows what there is")
    return found


async def _settled(settings: Settings, letters: Sequence[Letter]) -> set[Place]:
    """Those whose command has been judged since: the window of repeats might not know it any more."""
    from service import app as composition  # noqa: PLC0415  # it brings every driver: not for commands that need none

    settled: set[Place] = set()
    for aggregate in {letter.aggregate for letter in letters}:
        ours = [letter for letter in letters if letter.aggregate == aggregate]
        asked = [letter for letter in ours if not (letter.waiting or letter.superseded)]
        if commands := {(letter.command_id, letter.shown_key) for letter in asked if letter.command_id}:
            known = await composition.settled_commands(settings, aggregate, commands)
            settled |= {letter.place for letter in asked if (letter.command_id, letter.shown_key) in known}
    return settled


def _carry_out(work: Callable[[], Coroutine[Any, Any, None]], plan: Plan, tally: Tally, given: Given) -> None:
    async def counted() -> None:
        try:
            await work()
        except asyncio.CancelledError:
            raise Stop(Exit.INTERRUPTED, f"Interrupted: {_so_far(plan, tally)}") from None
        except Exception as error:
            stop = explain(error)
            raise Stop(stop.code, f"{stop}; {_so_far(plan, tally)}") from error

    run(counted())
    emit_tally(tally, plan, as_json=given.as_json)
    say_next(tally)
    if len(tally.failures) > tally.unanswered:
        raise Stop(Exit.FAILED)
    if tally.unanswered:
        raise Stop(Exit.TIMED_OUT, "Not all is answered: see whether `fairlead handle` runs; what was sent is not lost")


def _so_far(plan: Plan, tally: Tally) -> str:
    """What stands, whatever stopped it."""
    parts = []
    if plan.parked:
        parts.append(f"{tally.asked:,} of {len(plan.parked):,} parked entities were asked for")
    if plan.letters:
        parts.append(f"{tally.sent:,} of {len(plan.letters):,} commands were sent again")
    return ", ".join(parts) + ": these stand, the rest is as it was"
