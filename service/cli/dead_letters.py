"""What was put aside can be looked at: in a list, and one with everything about it."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated

import typer

from service.cli.completing import AGGREGATE
from service.cli.dead_letters_act import discard, redrive
from service.cli.dead_letters_filter import Filter, filter_options
from service.cli.dead_letters_letter import Letter
from service.cli.dead_letters_print import emit_letter, emit_letters
from service.cli.dead_letters_read import survey
from service.cli.dead_letters_report import say_bare
from service.cli.exits import Exit, Stop
from service.cli.options import Given, expanded, with_servers
from service.cli.roles import known_aggregates
from service.cli.running import run
from service.kafka.connection import connection
from service.kafka.dead_letters import DeadLetter, read_dead_letters
from service.kafka.topics import Topics, partition_count
from service.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    group = typer.Typer(help="Look at what could not be handled; send it again, or give it up.", no_args_is_help=True)
    group.command("list")(with_servers(expanded(list_, "wanted", filter_options)))
    group.command()(with_servers(show))
    for act in (redrive, discard):
        group.command()(with_servers(expanded(act, "wanted", filter_options)))
    app.add_typer(group, name="dead-letters", rich_help_panel="Commands and events")


def list_(given: Given, wanted: Filter) -> None:
    """List dead letters, oldest first, and name parked entities that have none left.

    Example: `fairlead dead-letters list ship --code wrong_partition --since 2026-11-24T18:20:00Z`
    """
    found = run(survey(given.settings(), wanted.aggregates, wanted.matches, wanted.limit))
    emit_letters(found.letters, as_json=given.as_json)
    say_bare(one for one in found.bare if wanted.names(one[1]))


def show(
    given: Given,
    aggregate: Annotated[str, AGGREGATE],
    partition: Annotated[int, typer.Argument(min=0, help="As `list` shows it")],
    offset: Annotated[int, typer.Argument(min=0, help="As `list` shows it")],
) -> None:
    """Show everything about one dead letter: headers, traceback and content.

    Example: `fairlead dead-letters show ship 3 17`
    """
    known_aggregates([aggregate])
    emit_letter(*run(_read(given.settings(), aggregate, partition, offset)), as_json=given.as_json)


async def _read(settings: Settings, aggregate: str, partition: int, offset: int) -> tuple[Letter, DeadLetter]:
    topics = Topics(aggregate, settings.prefix)
    missing = Stop(Exit.NOT_FOUND, f"{topics.dead_letters} has none at partition {partition}, offset {offset}")
    if partition >= await partition_count(connection(settings), topics):
        raise missing
    # What waits, and what came again later, is known only from all of them.
    everything = (await survey(settings, [aggregate], lambda _: True)).letters
    told = next((letter for letter in everything if letter.place == (aggregate, partition, offset)), None)
    async with aclosing(read_dead_letters(connection(settings), topics, {partition: offset}, _quietly)) as letters:
        async for letter in letters:
            if told and letter.offset == offset:
                return told, letter
            break
    raise missing


def _quietly(done: int, total: int) -> None:
    """It is read to the first record only."""
