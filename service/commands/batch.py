"""A batch of commands of one partition, decided in order on an overlay of what is known."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog

from fairlead.envelope import Command
from service.commands.encoding import Encoder
from service.commands.entities import Entities, Overlay
from service.commands.identity import command_digest
from service.commands.judging import Judge, id_reused
from service.commands.personal import DataKey
from service.commands.ports import Output, Record
from service.commands.reading import CommandReader, Unreadable
from service.domain import Aggregate

log = structlog.get_logger()

Read = tuple[Record, Command | Unreadable]

_TRACE_BYTES = 8_000
_ELSEWHERE = (
    "The key belongs to another partition: publish with Kafka's murmur2 (librdkafka: partitioner=murmur2_random)"
)


class Decider:
    """Stage 1 for one partition: who may be asked what, and what follows; `owns(key)` says whose partition it is."""

    def __init__(
        self,
        aggregate: Aggregate,
        encoder: Encoder,
        reader: CommandReader,
        owns: Callable[[bytes], bool],
        *,
        allow_import: bool,
    ) -> None:
        self._judge = Judge(aggregate, allow_import=allow_import)
        self._encoder = encoder
        self._reader = reader
        self._owns = owns
        self._keep_event_ids = allow_import
        personal = {name for names in aggregate.personal.values() for name in names}
        self._personal = {name for name, model in aggregate.commands.items() if personal & set(model.model_fields)}
        if personal:
            self._personal.add("import_history")

    def read(self, records: Iterable[Record], entities: Entities) -> list[Read]:
        """Each record with its command, or with why it is none or not for this partition."""
        return [(record, self._placed(record, self._reader.read(record), entities)) for record in records]

    def _placed(self, record: Record, command: Command | Unreadable, entities: Entities) -> Command | Unreadable:
        # Hashing a key in Python costs as much as all the rest of reading it: once for each entity.
        if isinstance(command, Unreadable) or command.subject in entities.known or self._owns(record.key or b""):
            return command
        return Unreadable("wrong_partition", _ELSEWHERE, command.id, command.subject, command.correlationid)

    def people(self, batch: Sequence[Read]) -> set[str]:
        """The entities whose data key this batch needs."""
        if not self._personal:
            return set()
        commands = (command for _, command in batch if isinstance(command, Command))
        return {command.subject for command in commands if command.type in self._personal}

    def decide(self, batch: Sequence[Read], entities: Entities, keys: Mapping[str, DataKey]) -> tuple[Output, Overlay]:
        """Everything to be written for a batch, and the overlay to merge once it is committed."""
        output, overlay = Output(), Overlay(entities)
        for record, command in batch:
            if isinstance(command, Unreadable):
                self._refuse(record, "invalid", command, output)
                continue
            key = keys.get(command.subject) if command.type in self._personal else None
            try:
                self._answer(record, command, overlay, key, output)
            except Exception as error:  # noqa: BLE001  # a fault of ours on one command must not stop the others
                self._fail(record, command, error, output)
        return output, overlay

    def _answer(self, record: Record, command: Command, overlay: Overlay, key: DataKey | None, output: Output) -> None:
        entity = overlay.entity(command.subject)
        time = max(record.timestamp * 1000, entity.time)
        digest = command_digest(command, record.value or b"", key)
        known = overlay.outcome(command.subject, command.id, time)
        if known is not None:
            # Once the key is gone, content cannot be compared: the id alone makes it a repeat.
            same = known.digest == digest or (key is not None and key.secret is None)
            outcome = known if same else id_reused(entity, digest)
            output.replies.append(self._encoder.reply(command, record, outcome, duplicate=same, time=time))
            return
        verdict = self._judge.verdict(command, entity, overlay, time, digest, key)
        # Drafts are made before anything is put on the overlay: a fault in between leaves no half decision.
        drafts = [self._encoder.event(event, command, digest, record) for event in verdict.events]
        reply = self._encoder.reply(command, record, verdict.outcome, duplicate=False, time=time)
        output.events.extend(drafts)
        output.replies.append(reply)
        event_ids = [event.id for event in verdict.events] if self._keep_event_ids else []
        overlay.put(command.subject, verdict.entity, event_ids)
        overlay.remember(command.subject, command.id, verdict.outcome)

    def _refuse(self, record: Record, status: str, fault: Unreadable, output: Output) -> None:
        output.dead_letters.append(self._encoder.dead_letter(record, fault.code, fault.message))
        if reply := self._encoder.unjudged(record, status, fault):
            output.replies.append(reply)

    def _fail(self, record: Record, command: Command, error: Exception, output: Output) -> None:
        # The trace may quote what the command holds: it rests with the dead letter, not in a log.
        bound = log.bind(causation_id=command.id, correlation_id=command.correlationid, entity_id=command.subject)
        bound.error("command failed", error=type(error).__name__)
        fault = Unreadable("internal_error", type(error).__name__, command.id, command.subject, command.correlationid)
        trace = [("fairlead-traceback", "".join(traceback.format_exception(error)).encode()[-_TRACE_BYTES:])]
        output.dead_letters.append(self._encoder.dead_letter(record, fault.code, fault.message, trace))
        if reply := self._encoder.unjudged(record, "failed", fault):
            output.replies.append(reply)
