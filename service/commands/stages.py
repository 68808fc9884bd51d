"""Ordinary commands, judged stage by stage: what one stage needs then stays in the processor's caches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fairlead.envelope import Command
from service.commands.answers import Answers
from service.commands.changes import Changes
from service.commands.faults import Unreadable, internal_error
from service.commands.history import Refused
from service.commands.identity import NewEvent, digests, event_id
from service.commands.judged import Judged
from service.commands.judging import Judge, check_version
from service.commands.ports import Record, StoreBroken
from service.commands.reading import Read
from service.commands.stored import Entity, EventRef, Outcome, event_key, outcome_key, pack_outcome
from service.domain.aggregate import Rejected

# A key that comes again would be a repeat.
Run = dict[str, tuple[Record, Command]]
_Failure = tuple[Record, Unreadable]
_Said = tuple[str, str | None, str | None]
_ACCEPTED: _Said = ("accepted", None, None)
# Past what a NamedTuple makes of its fields by itself, which is Python.
_new = tuple.__new__


@dataclass(frozen=True, slots=True)
class Stages:
    """Answers runs of commands that are no repeats, need no key, and of whose entities none waits.

    They are read as they were sent. One after the other through all stages took half as long again.
    """

    rules: Judge
    answers: Answers

    def run(self, batch: Sequence[Read], start: int) -> Run:
        """The run that begins here, which may be empty; all of the batch has been recalled."""
        plain, is_new, run = self.rules.plain, self.answers.overlay.is_new, Run()
        for place in range(start, len(batch)):
            record, command = batch[place]
            if not isinstance(command, Command) or command.type not in plain:
                break
            key = outcome_key(command.subject, command.id)
            if key in run or not is_new(command.subject, key):
                break
            run[key] = record, command
        return run

    def judge(self, run: Run) -> int:
        """Decide these up to one that fails, and how many that were; 0 where each has to be judged by itself."""
        changes, sealed = Changes(), self.rules.sealed
        try:
            judged, clock, failure = self._decided(run, changes)
            if sealed and any(type(event.message) in sealed for one in judged for event in one.events):
                return 0
            self.answers.judged(judged)
        except StoreBroken:
            # No fault of these commands, or of any.
            raise
        except Exception:  # noqa: BLE001  # which of them it is, and why, is told by who judges one after the other
            return 0
        changes.folded.update([one.command.subject for one in judged if one.events])
        if self.rules.allow_import:
            changes.event_ids.update(_event_ids(judged))
        self.answers.overlay.add(changes, clock)
        if failure is None:
            return len(judged)
        self.answers.failed(*failure)
        return len(judged) + 1

    def _decided(self, run: Run, changes: Changes) -> tuple[list[Judged], int, _Failure | None]:
        """What was decided up to a failure, and the clock after it; entities and outcomes go into `changes`."""
        rules, overlay = self.rules, self.answers.overlay
        decide, evolve, kinds, name = rules.decide, rules.evolve, rules.kinds, rules.name
        entities, before, clock, failure = changes.entities, overlay.entity, overlay.clock, None
        judged: list[Judged] = []
        kept: list[tuple[Outcome, int, int]] = []
        for (record, command), digest in zip(run.values(), digests(run.values()), strict=True):
            cause, _, subject, data, expected, _ = command
            entity = entities.get(subject) or before(subject)
            state, version, time, place = entity
            now = record.timestamp * 1000
            at = now if now > time else time  # noqa: FURB136  # max() would cost more, for every command
            events: list[NewEvent] = []
            refs: list[EventRef] = []
            try:
                try:
                    if expected is not None:
                        check_version(command, entity)
                    said, messages = _ACCEPTED, [*decide(data, state, subject)]
                except Rejected as no:
                    said, messages = ("rejected", no.code, no.message), []
                except Refused as no:
                    said, messages = (no.status, no.code, no.message), []
                for message in messages:
                    version += 1
                    id_ = event_id(name, subject, version, cause)
                    events.append(_new(NewEvent, (message, id_, version, at)))
                    state = evolve(state, message)
                    refs.append((id_, kinds[type(message)], version))
            except Exception as error:  # noqa: BLE001  # a fault of ours on one must not stop the others
                failure = record, internal_error(command, error)
                break
            clock = now if now > clock else clock  # noqa: FURB136  # as above
            place += 1
            entities[subject] = _new(Entity, (state, version, at if events else time, place))
            outcome = _new(Outcome, (*said, version, tuple(refs), digest, at))
            judged.append(_new(Judged, (record, command, outcome, events, at, False)))
            kept.append((outcome, place, clock))
        # Up to a failure.
        changes.outcomes |= {key: pack_outcome(*found) for key, found in zip(run, kept, strict=False)}
        return judged, clock, failure


def _event_ids(judged: Iterable[Judged]) -> Iterator[tuple[str, str]]:
    for one in judged:
        for event in one.events:
            yield event_key(one.command.subject, event.version), event.id
