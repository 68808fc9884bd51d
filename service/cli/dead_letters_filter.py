"""Which dead letters are meant: the same words for looking at them and for acting on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from service.cli.completing import AGGREGATE_OR_ALL
from service.cli.dead_letters_letter import Letter, key_text
from service.cli.exits import Exit, Stop
from service.cli.roles import known_aggregates
from service.cli.times import parse_time
from service.domain import AGGREGATES
from service.kafka.dead_letters import Entity

_PANEL = "Which ones"


@dataclass(frozen=True, slots=True)
class Filter:
    """What was said of the dead letters that are meant; times in milliseconds."""

    aggregates: tuple[str, ...]
    key: str | None = None
    code: str | None = None
    since: float | None = None
    until: float | None = None
    partition: int | None = None
    limit: int | None = None
    waiting: bool = False

    @property
    def says_something(self) -> bool:
        """Whether anything but the aggregate was said."""
        narrow = (self.key, self.code, self.since, self.until, self.partition, self.limit)
        return self.waiting or any(word is not None for word in narrow)

    def matches(self, letter: Letter) -> bool:
        """Whether it is meant, but for the limit."""
        return (
            self.key in (None, letter.shown_key)
            and self.code in (None, letter.code)
            and (self.since is None or self.since <= letter.time)
            and (self.until is None or letter.time <= self.until)
            and self.partition in (None, letter.partition)
            and (letter.waiting or not self.waiting)
        )

    def names(self, entity: Entity) -> bool:
        """Whether an entity is meant of which there is no dead letter, and so neither code nor time."""
        partition, key = entity
        unknown = (self.code, self.since, self.until, self.limit)
        return self.key in (None, key_text(key)) and self.partition in (None, partition) and unknown == (None,) * 4


def filter_options(  # noqa: PLR0913  # the ways to say which
    aggregate: Annotated[str | None, AGGREGATE_OR_ALL] = None,
    *,
    key: Annotated[
        str | None, typer.Option(metavar="ID", help="Of this entity: the record's key", rich_help_panel=_PANEL)
    ] = None,
    code: Annotated[
        str | None, typer.Option(help="With this code, such as wrong_partition", rich_help_panel=_PANEL)
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Commands from then on, inclusive", rich_help_panel=_PANEL)
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Commands up to then, inclusive", rich_help_panel=_PANEL)
    ] = None,
    partition: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="On this partition", rich_help_panel=_PANEL)
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="The oldest N of them", rich_help_panel=_PANEL)
    ] = None,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Those that wait behind a parked entity", rich_help_panel=_PANEL)
    ] = False,
) -> Filter:
    """The filter that the line describes; raises Stop."""
    known_aggregates([aggregate] if aggregate else [])
    first, last = _moment("--since", since), _moment("--until", until)
    if first is not None and last is not None and first > last:
        raise Stop(Exit.USAGE, "--since is after --until: nothing can be between")
    return Filter((aggregate,) if aggregate else tuple(AGGREGATES), key, code, first, last, partition, limit, waiting)


def _moment(option: str, text: str | None) -> float | None:
    try:
        return None if text is None else parse_time(text).timestamp() * 1000
    except ValueError as error:
        raise Stop(Exit.USAGE, f"{option}: {error}") from error
