"""What a redrive or discard will do, settled before anybody is asked: what goes, and what is left out and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from service.cli.dead_letters_letter import Letter, Place, key_text
from service.cli.dead_letters_read import Survey
from service.cli.exits import Exit, Stop

MAX_REDRIVES = 3
REASONS = ("skipped", "superseded", "settled", "looping")
_MAX_SKIPPED = 1_000


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked entity, all of whose waiting commands go in their order but for those in `skip`.

    Its key is its id, since what waits was read as a command.
    """

    aggregate: str
    entity_id: str
    waiting: Sequence[Letter] = ()
    skip: Sequence[int] = ()
    beyond: int = 0

    @property
    def count(self) -> int:
        """How many commands go."""
        return len(self.waiting) - len(self.skip)


@dataclass(frozen=True, slots=True)
class Plan:
    """`parked` go by their owner, `letters` as commands again; the rest is left out, by reason."""

    parked: Sequence[Parked]
    letters: Sequence[Letter]
    left_out: Mapping[str, Sequence[Letter]]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.parked and not self.letters


def make_plan(
    found: Survey, skip: Collection[int] = (), settled: Collection[Place] = (), *, again: bool = False
) -> Plan:
    """What follows from what a filter meant; raises Stop where `skip` is unclear.

    `settled` are those whose command has been judged since; `again` takes these too, and what was redriven too often.
    """
    chosen = {letter.place for letter in found.letters if letter.waiting}
    entities = dict.fromkeys((letter.aggregate, letter.entity) for letter in found.letters if letter.waiting)
    left_out: dict[str, list[Letter]] = {reason: [] for reason in REASONS}
    parked = [Parked(aggregate, key_text(key) or "") for aggregate, (_, key) in found.bare]
    letters: list[Letter] = []
    for entity in entities:
        one = _parked(found.waiting[entity], skip, chosen)
        looping = [letter for letter in one.waiting if _loops(letter) and letter.command_offset not in skip]
        if looping and not again:
            left_out["looping"] += looping
        else:
            parked.append(one)
    for letter in found.letters:
        if not letter.waiting:
            reason = _reason(letter, skip, settled, again=again)
            (left_out[reason] if reason else letters).append(letter)
    waiting = [letter for entity in entities for letter in found.waiting[entity]]
    _check_skip(skip, [*waiting, *left_out["skipped"]])
    return Plan(parked, letters, left_out)


def _reason(letter: Letter, skip: Collection[int], settled: Collection[Place], *, again: bool) -> str | None:
    """Why a letter that does not wait is left out."""
    if letter.command_offset in skip:
        return "skipped"
    if letter.superseded:
        return "superseded"
    if again:
        return None
    if letter.place in settled:
        return "settled"
    return "looping" if _loops(letter) else None


def _parked(waiting: Sequence[Letter], skip: Collection[int], chosen: Collection[object]) -> Parked:
    left_out = [letter.command_offset for letter in waiting if letter.command_offset in skip]
    beyond = sum(letter.place not in chosen and letter.command_offset not in skip for letter in waiting)
    if len(left_out) > _MAX_SKIPPED:
        raise Stop(Exit.USAGE, f"--skip: at most {_MAX_SKIPPED:,} commands of an entity can be left out at once")
    return Parked(waiting[0].aggregate, waiting[0].shown_key or "", waiting, left_out, beyond)


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
    return letter.redriven >= MAX_REDRIVES
