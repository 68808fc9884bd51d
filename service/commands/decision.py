"""What one batch leads to, command by command and in order: judged, put off, refused, or waiting behind a failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from fairlead.control import CONTROL, REDRIVE_PARKED, RedriveParked
from fairlead.envelope import Command
from service.commands.answers import Answers
from service.commands.faults import Unreadable, behind_another, busy, internal_error, not_writable
from service.commands.history import Refused
from service.commands.identity import command_digest
from service.commands.judged import Judged
from service.commands.judging import Judge, check_version, id_reused, outcome_of
from service.commands.overlay import Overlay
from service.commands.parked import Letters, Redrive, Waiting, too_many_waiting
from service.commands.personal import DataKey
from service.commands.ports import Output, Record, StoreBroken
from service.commands.reading import CommandReader, Read
from service.commands.stages import Stages
from service.commands.stored import outcome_key


@dataclass(frozen=True, slots=True)
class Decision:
    """`output` is to be written in one transaction; once it is committed, `overlay` is to be merged.

    `keys` are those of `Decider.people`, `waiting` has what waits of an entity that is to be redriven.
    """

    rules: Judge
    reader: CommandReader
    answers: Answers
    keys: Mapping[str, DataKey]
    waiting: Mapping[str, Letters]

    @property
    def output(self) -> Output:
        """All that is to be written so far."""
        return self.answers.output

    @property
    def overlay(self) -> Overlay:
        """All that is known so far."""
        return self.answers.overlay

    def judge(self, batch: Sequence[Read]) -> None:
        """Decide these; a batch may come in slices."""
        self.overlay.recall(command for _, command in batch if isinstance(command, Command))
        stages, start = Stages(self.rules, self.answers), 0
        while start < len(batch):
            run = stages.run(batch, start)
            done = stages.judge(run)
            if not done:
                done = len(run) or 1
                for record, command in batch[start : start + done]:
                    self._judge(record, command)
            start += done

    def _judge(self, record: Record, command: Command | Unreadable) -> None:
        if isinstance(command, Unreadable):
            self.answers.unread(record, command)
            return
        try:
            self._answer(record, command)
        except StoreBroken:
            # No fault of this command, or of any: nothing is known until the store is made anew.
            raise
        except Exception as error:  # noqa: BLE001  # a fault of ours on one must not stop the others
            self.answers.failed(record, internal_error(command, error))

    def snapshot(self, entity_ids: Iterable[str], timestamp: int) -> None:
        """Write these entities as they are after the batch; `timestamp` in milliseconds."""
        for entity_id in entity_ids:
            self.answers.snapshot(entity_id, timestamp, always=False)

    def put_off(self, batch: Iterable[Read], retry_after_ms: int) -> None:
        """Answer `busy` where there is a command, but judge control commands."""
        for record, command in batch:
            if isinstance(command, Unreadable) or command.type in CONTROL:
                self.judge([(record, command)])
            else:
                self.answers.unjudged(record, "busy", busy(command), retry_after_ms)

    def refuse(self, read: Read, error: str) -> None:
        """The broker does not take what this leads to: it has failed."""
        record, command = read
        fault = not_writable(command, error)
        if isinstance(command, Unreadable):
            self.answers.set_aside(record, "failed", fault)
        else:
            self.answers.failed(record, fault)

    def _answer(self, record: Record, command: Command) -> None:
        answers, rules = self.answers, self.rules
        overlay, subject, kind = answers.overlay, command.subject, command.type
        now, entity, found_by = answers.set_clock(record), overlay.entity(subject), outcome_key(subject, command.id)
        time = now if now > entity.time else entity.time  # noqa: FURB136  # max() would cost more, for every command
        known, control = overlay.outcome(found_by, entity, time), kind in CONTROL
        if known is None and not control and overlay.parked(subject) is not None:
            # Before its content is looked at: what is not needed cannot fail.
            answers.set_aside(record, "failed", behind_another(command))
            return
        key = self.keys.get(subject) if kind in rules.personal else None
        if key is not None and rules.ended(entity):
            # At once, and not when the key is destroyed: what is decided follows from the log alone.
            key = DataKey(key.kid, None)
        digest = command_digest(command, record.value or b"", key, rules.changed)
        if known is not None:
            # Without the key content cannot be compared: the id alone makes it a repeat.
            same = known.digest == digest or (key is not None and key.secret is None)
            outcome = known._replace(digest=digest) if same else id_reused(entity, digest)
            answers.judged([Judged(record, command, outcome, (), time, same)])
        elif control:
            self._end_parking(record, command, digest)
        else:
            outcome, entity, events = rules.verdict(command, entity, overlay, time, digest, key)
            answers.judged([Judged(record, command, outcome, events, time)])
            event_ids = [event.id for event in events] if rules.allow_import else ()
            overlay.decided(subject, found_by, outcome, entity, event_ids)

    def _end_parking(self, record: Record, command: Command, digest: str) -> None:
        answers, overlay, subject = self.answers, self.answers.overlay, command.subject
        refusal = None
        try:
            check_version(command, overlay.entity(subject))
            self._settle(record, command, overlay.parked(subject))
        except Refused as refused:
            refusal = refused
        entity = overlay.entity(subject)
        time = max(record.timestamp * 1000, entity.time)
        outcome = outcome_of(refusal, entity, digest, time)
        answers.judged([Judged(record, command, outcome, (), time)])
        if refusal is None:
            answers.parked(record, subject, None)
        overlay.decided(subject, outcome_key(subject, command.id), outcome, entity)

    def _settle(self, record: Record, command: Command, parked: int | None) -> None:
        """Judge what waits as if it came now, or leave it; raises Refused."""
        if parked is None:
            raise Refused("rejected", "not_parked", f"Nothing of {command.subject} is parked")
        if command.type != REDRIVE_PARKED:
            return
        waiting = self.waiting[command.subject]
        if not waiting.complete:
            gone = f"The dead letter of the command at offset {parked} is no longer kept: discard what is left"
            raise Refused("rejected", "dead_letters_gone", gone)
        if waiting.too_many:
            raise Refused("rejected", "too_many_waiting", too_many_waiting(parked))
        letters = waiting.in_order()
        skip = frozenset(cast("RedriveParked", command.data).skip)
        self.overlay.park(command.subject, None)
        for place, letter in enumerate(letters, 1):
            if letter.offset not in skip and (failure := self._redrive(record, letter)):
                self.answers.wait_on(record.offset, letters[place:])
                self.answers.parked(record, command.subject, letter.offset)
                again = f"The command at offset {letter.offset} failed again: {failure}"
                raise Refused("rejected", "still_parked", again)

    def _redrive(self, record: Record, letter: Waiting) -> str | None:
        """Judge one that waits; why it failed, if it did."""
        encoder = self.answers.encoder.redriving(Redrive(record.offset, letter.redrives + 1, letter.received))
        answers = Answers(encoder, self.answers.snapshots, self.overlay, park=False, output=self.output)
        replace(self, answers=answers).judge([(letter, self.reader.read(letter))])
        return answers.failure
