"""What is told of commands, and what is written with it: every reply counts, and sets the partition's clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from service.commands.encoding import Encoder
from service.commands.faults import Unreadable, still_behind
from service.commands.judged import Judged
from service.commands.overlay import Overlay
from service.commands.parked import Redrive, Waiting
from service.commands.ports import Output, Record
from service.commands.snapshots import Snapshots

log = structlog.get_logger()


@dataclass(slots=True)
class Answers:
    """Fills `output` as commands are answered; `park` as of Decider, `failure` is why one of them failed last."""

    encoder: Encoder
    snapshots: Snapshots
    overlay: Overlay
    park: bool
    output: Output = field(default_factory=Output)
    failure: str | None = None

    def judged(self, judged: Sequence[Judged]) -> None:
        """The outcomes of these commands, or of those that they repeat."""
        # All of it is made before anything is changed: a fault in between leaves no half decision.
        events, replies = self.encoder.events(judged), self.encoder.replies(judged)
        statuses = Counter([(one.outcome.status, one.outcome.code or "") for one in judged])
        self.output.events += events
        self.output.replies += replies
        self.output.statuses.update(statuses)

    def unjudged(self, record: Record, status: str, fault: Unreadable, retry_after_ms: int | None = None) -> None:
        """Why there is no outcome, where there is somebody to tell."""
        reply = self.encoder.unjudged(record, status, fault, retry_after_ms)
        if reply is not None:
            self.set_clock(record)
            self.output.replies.append(reply)
            self.output.statuses[status, fault.code] += 1

    def set_aside(self, record: Record, status: str, fault: Unreadable) -> None:
        """The same, and the command is kept."""
        self.output.dead_letters.append(self.encoder.dead_letter(record, fault))
        self.unjudged(record, status, fault)

    def unread(self, record: Record, fault: Unreadable) -> None:
        """The same for what is no command, or where reading it failed."""
        if fault.code == "internal_error":
            self.failed(record, fault)
        else:
            self.set_aside(record, "invalid", fault)

    def failed(self, record: Record, fault: Unreadable) -> None:
        """The same for a command that code or broker failed on: its entity is parked from it on, if it was not."""
        bound = log.bind(causation_id=fault.command_id, correlation_id=fault.correlation_id, entity_id=fault.subject)
        bound.error("command failed", code=fault.code, error=fault.message)
        self.failure = fault.message
        self.set_aside(record, "failed", fault)
        if self.park and fault.subject is not None and self.overlay.parked(fault.subject) is None:
            self.parked(record, fault.subject, record.offset)

    def parked(self, record: Record, entity_id: str, offset: int | None) -> None:
        """The entity waits from the command at this offset on, or no longer."""
        self.overlay.park(entity_id, offset)
        self.snapshot(entity_id, record.timestamp, always=True)

    def snapshot(self, entity_id: str, timestamp: int, *, always: bool) -> None:
        """Write an entity as it is now, `always` or if its state fits into a record; `timestamp` in milliseconds."""
        overlay, output = self.overlay, self.output
        entity = overlay.entity(entity_id)
        draft, whole = self.snapshots.draft(entity_id, entity, overlay.parked(entity_id), timestamp)
        if whole or always:
            output.snapshots.append(draft)
        if entity.version and not whole:
            output.stateless[entity_id] = always or output.stateless.get(entity_id, False)
        else:
            output.stateless.pop(entity_id, None)

    def wait_on(self, by: int, letters: Iterable[Waiting]) -> None:
        """These are written again behind what failed again: else retention could take them before it, unnoticed."""
        for letter in letters:
            encoder = self.encoder.redriving(Redrive(by, 0, letter.received))
            self.output.dead_letters.append(encoder.dead_letter(letter, still_behind()))

    def set_clock(self, record: Record) -> int:
        """What is answered from now on is not earlier than this record, whose time in microseconds is returned."""
        now = record.timestamp * 1000
        if now > self.overlay.clock:  # noqa: PLR1730  # max() would cost more, for every command
            self.overlay.clock = now
        return now
