"""What a redrive or discard will do, settled before anybody is asked: what goes, and what is left out and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from service.cli.dead_letters_read import Letter, Survey
from service.cli.exits import Exit, Stop

MAX_REDRIVES = 3
_MAX_SKIPPED = 1_000


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked entity, all of whose waiting commands go in their order but for those in `skip`."""

    waiting: Sequence[Letter]
    skip: Sequence[int]
    beyond: int

    @property
    def aggregate(self) -> str:
        """Of which kind it is."""
        return self.waiting[0].aggregate

    @property
    def entity_id(self) -> str:
        """Its id: what waits was read as a command, whose key is one."""
        return self.waiting[0].shown_key or ""

    @property
    def count(self) -> int:
        """How many commands go."""
        return len(self.waiting) - len(self.skip)


@dataclass(frozen=True, slots=True)
class Plan:
    """`parked` go by their owner, `letters` as commands again; the rest is left out."""

    parked: Sequence[Parked]
    letters: Sequence[Letter]
    superseded: Sequence[Letter]
    looping: Sequence[Letter]
    skipped: Sequence[Letter]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.parked and not self.letters


def make_plan(found: Survey, skip: Collection[int] = (), *, again: bool = False) -> Plan:
    """What follows from what a filter meant; raises Stop where `skip` is unclear."""
    chosen = {letter.place for letter in found.letters if letter.waiting}
    entities = {(letter.aggregate, (letter.partition, letter.key)) for letter in found.letters if letter.waiting}
    parked = [_parked(found.waiting[entity], skip, chosen) for entity in dict.fromkeys(sorted(entities, key=repr))]
    others = [letter for letter in found.letters if not letter.waiting]
    skipped = [letter for letter in others if letter.command_offset in skip]
    _check_skip(skip, [*(letter for one in parked for letter in one.waiting), *skipped])
    looping = [
        letter for one in parked for letter in one.waiting if _loops(letter) and letter.command_offset not in skip
    ]
    stuck = {(letter.aggregate, letter.partition, letter.key) for letter in looping}
    current = [letter for letter in others if not letter.superseded and letter.command_offset not in skip]
    looping += [letter for letter in current if _loops(letter)]
    return Plan(
        parked=[one for one in parked if again or not {(w.aggregate, w.partition, w.key) for w in one.waiting} & stuck],
        letters=[letter for letter in current if again or not _loops(letter)],
        superseded=[letter for letter in others if letter.superseded],
        looping=[] if again else looping,
        skipped=skipped,
    )


def _parked(waiting: Sequence[Letter], skip: Collection[int], chosen: Collection[object]) -> Parked:
    left_out = [letter.command_offset for letter in waiting if letter.command_offset in skip]
    beyond = sum(letter.place not in chosen and letter.command_offset not in skip for letter in waiting)
    if len(left_out) > _MAX_SKIPPED:
        raise Stop(Exit.USAGE, f"--skip: at most {_MAX_SKIPPED:,} commands of an entity can be left out at once")
    return Parked(waiting, left_out, beyond)


def _check_skip(skip: Collection[int], hit: Sequence[Letter]) -> None:
    for offset in skip:
        logs = {(letter.aggregate, letter.partition) for letter in hit if letter.command_offset == offset}
        if not logs:
            raise Stop(Exit.USAGE, f"--skip {offset}: no command that is meant has this offset: see `list`")
        if len(logs) > 1:
            places = " and ".join(f"{aggregate} {partition}" for aggregate, partition in sorted(logs))
            raise Stop(
                Exit.USAGE, f"--skip {offset} is on the partitions {places}: say which with --partition or --key"
            )


def _loops(letter: Letter) -> bool:
    return letter.redrives >= MAX_REDRIVES
