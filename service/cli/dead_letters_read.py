"""What is known of each dead letter: of itself, of those that came after it, and of its entity."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from service.cli.dead_letters_letter import Letter, letter_of
from service.cli.progress import follow, progress_of_known
from service.commands.parked import PARKING
from service.kafka.connection import connection
from service.kafka.dead_letters import DeadLetter, Entity, parked_entities, read_dead_letters
from service.kafka.topics import Topics, partition_count
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Survey:
    """Those that a filter meant, oldest first, and all that wait, by aggregate and entity, in order of the commands.

    `bare` are parked entities of which retention has taken all that waits.
    """

    letters: Sequence[Letter]
    waiting: Mapping[tuple[str, Entity], Sequence[Letter]]
    bare: Sequence[tuple[str, Entity]] = ()


async def survey(
    settings: Settings, aggregates: Sequence[str], matches: Callable[[Letter], bool], limit: int | None = None
) -> Survey:
    """Read all dead letters that are there now; raises LookupError where topics are missing."""
    found: list[list[Letter]] = []
    waiting: dict[tuple[str, Entity], Sequence[Letter]] = {}
    bare: list[tuple[str, Entity]] = []
    with progress_of_known(transient=True) as bars:
        for aggregate in aggregates:
            topics = Topics(aggregate, settings.prefix)
            partitions = await partition_count(connection(settings), topics)
            # First who is parked, then the letters: the other way round the newest of those that wait would be missed.
            parked = await parked_entities(
                connection(settings), topics, partitions, follow(bars, f"Reading {topics.snapshots}")
            )
            sight = _Sight(aggregate, parked, matches)
            everywhere = dict.fromkeys(range(partitions), 0)
            letters = read_dead_letters(
                connection(settings), topics, everywhere, follow(bars, f"Reading {topics.dead_letters}")
            )
            async with aclosing(letters):
                async for letter in letters:
                    sight.see(letter)
            found.append(sight.found())
            behind = sight.waiting()
            waiting |= {(aggregate, entity): letters for entity, letters in behind.items()}
            bare += [(aggregate, entity) for entity in sorted(parked.keys() - behind.keys())]
    return Survey(list(heapq.merge(*found, key=lambda letter: letter.time))[:limit], waiting, bare)


class _Sight:
    """The letters of one aggregate as they are read; what waits and what is superseded is known at their end."""

    def __init__(self, aggregate: str, parked: Mapping[Entity, int], matches: Callable[[Letter], bool]) -> None:
        self._aggregate = aggregate
        self._parked = parked
        self._matches = matches
        self._seen: list[Letter] = []
        self._chosen: dict[bytes, Letter] = {}
        self._behind: dict[Entity, dict[int, Letter]] = {}
        self._redriven: dict[bytes, int] = {}

    def see(self, found: DeadLetter) -> None:
        letter = letter_of(self._aggregate, found)
        if letter.redrives:
            # Whatever is wanted: a filter that leaves out the latest would have the command go round for ever.
            self._redriven[letter.content] = max(letter.redrives, self._redriven.get(letter.content, 0))
        since = self._parked.get(found.entity)
        if since is not None and found.code in PARKING and found.command_offset >= since:
            self._behind.setdefault(found.entity, {})[found.command_offset] = replace(letter, waiting=True)
        # As if it waited: whether it does is seen later.
        if self._matches(replace(letter, waiting=True)):
            self._seen.append(letter)
            if _stands_for(letter, self._chosen.get(letter.content)):
                self._chosen[letter.content] = letter

    def waiting(self) -> dict[Entity, list[Letter]]:
        return {
            entity: [self._counted(letters[at]) for at in sorted(letters)] for entity, letters in self._behind.items()
        }

    def found(self) -> list[Letter]:
        behind = [letter for letters in self._behind.values() for letter in letters.values()]
        places, contents = {letter.place for letter in behind}, {letter.content for letter in behind}
        judged = (
            replace(
                self._counted(letter),
                waiting=(waiting := letter.place in places),
                superseded=not waiting
                and (letter.content in contents or self._chosen[letter.content].place != letter.place),
            )
            for letter in self._seen
        )
        return [letter for letter in judged if self._matches(letter)]

    def _counted(self, letter: Letter) -> Letter:
        return replace(letter, redriven=self._redriven.get(letter.content, 0))


def _stands_for(letter: Letter, chosen: Letter | None) -> bool:
    """Whether this one, which comes later, goes for all of its content: a repeat has no place in the order."""
    if chosen is None or letter.redrives > chosen.redrives:
        return True
    # Of the same command its last letter is where it stands now.
    return (letter.partition, letter.command_offset) == (chosen.partition, chosen.command_offset)
