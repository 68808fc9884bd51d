"""A batch of commands of one partition, decided in order on an overlay of what is known."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import structlog
from fairlead.bounds import Message
from fairlead.envelope import SCHEMA_VERSION, Command
from fairlead.history import ImportHistory
from pydantic_core import from_json

from service.commands.encoding import Encoder
from service.commands.entities import Entities, Entity, Outcome, Overlay
from service.commands.history import Refused, judge_history
from service.commands.identity import digest, event_id
from service.commands.personal import DataKey
from service.commands.ports import Output, Record
from service.commands.reading import CommandReader, Unreadable
from service.domain import Aggregate
from service.domain.aggregate import Rejected

log = structlog.get_logger()

Read = tuple[Record, Command | Unreadable]


class Decider:
    """Stage 1 for one partition: who may be asked what, and what follows; `owns(key)` says whose partition it is."""

    def __init__(
        self, aggregate: Aggregate, encoder: Encoder, reader: CommandReader, owns: Callable[[bytes], bool], *, allow_import: bool
    ) -> None:
        self._aggregate = aggregate
        self._encoder = encoder
        self._reader = reader
        self._owns = owns
        self._allow_import = allow_import
        personal = {name for names in aggregate.personal.values() for name in names}
        self._personal_commands = {name for name, model in aggregate.commands.items() if personal & set(model.model_fields)}
        if personal:
            self._personal_commands.add("import_history")

    def read(self, records: Iterable[Record], entities: Entities) -> list[Read]:
        """Each record with its command, or with why it is none or not for this partition."""
        return [(record, self._placed(record, self._reader.read(record), entities)) for record in records]

    def _placed(self, record: Record, command: Command | Unreadable, entities: Entities) -> Command | Unreadable:
        # Hashing a key in Python costs as much as all the rest of reading it: once for each entity.
        if isinstance(command, Unreadable) or command.subject in entities.known or self._owns(record.key or b""):
            return command
        message = "The key belongs to another partition: publish with Kafka's murmur2 (librdkafka: partitioner=murmur2_random)"
        return Unreadable("wrong_partition", message, command.id, command.subject, command.correlationid)

    def people(self, batch: Sequence[Read]) -> set[str]:
        """The entities whose data key this batch needs."""
        if not self._personal_commands:
            return set()
        commands = (command for _, command in batch if isinstance(command, Command))
        return {command.subject for command in commands if command.type in self._personal_commands}

    def decide(self, batch: Sequence[Read], entities: Entities, keys: Mapping[str, DataKey]) -> tuple[Output, Overlay]:
        """Everything to be written for a batch, and the overlay to merge once it is committed."""
        output, overlay = Output(), Overlay(entities)
        for record, command in batch:
            if isinstance(command, Unreadable):
                self._refuse(record, "invalid", command, output)
                continue
            try:
                self._judge(record, command, overlay, keys.get(command.subject), output)
            except Exception as error:  # noqa: BLE001  # a fault of ours on one command must not stop the others
                self._fail(record, command, error, output)
        return output, overlay

    def _refuse(self, record: Record, status: str, fault: Unreadable, output: Output) -> None:
        output.dead_letters.append(self._encoder.dead_letter(record, fault.code, fault.message))
        if reply := self._encoder.unjudged(record, status, fault):
            output.replies.append(reply)

    def _fail(self, record: Record, command: Command, error: Exception, output: Output) -> None:
        log.error("command failed", command_id=command.id, entity_id=command.subject, exc_info=error)
        fault = Unreadable("internal_error", type(error).__name__, command.id, command.subject, command.correlationid)
        trace = "".join(traceback.format_exception(error)).encode()[-8_000:]
        output.dead_letters.append(
            self._encoder.dead_letter(record, fault.code, fault.message, [("fairlead-traceback", trace)])
        )
        if reply := self._encoder.unjudged(record, "failed", fault):
            output.replies.append(reply)

    def _judge(self, record: Record, command: Command, overlay: Overlay, key: DataKey | None, output: Output) -> None:
        entity = overlay.entity(command.subject)
        time = max(record.timestamp * 1000, entity.time)
        content = self._digest(record, command, key)
        known = overlay.outcome(command.subject, command.id, time)
        if known is not None:
            same = known.digest == content or (key is not None and key.secret is None)
            outcome = known if same else _reused(entity, content)
            output.replies.append(self._encoder.reply(command, record, outcome, duplicate=same, time=time))
            return
        # Drafts are made before anything is put on the overlay: a fault in between leaves no half decision.
        outcome, next_entity, new_events = self._outcome(command, entity, overlay, time, content)
        drafts = [
            self._encoder.event(event, id_, version, at, command, content, record, key)
            for event, id_, version, at in new_events
        ]
        reply = self._encoder.reply(command, record, outcome, duplicate=False, time=time)
        output.events.extend(drafts)
        output.replies.append(reply)
        overlay.put(command.subject, next_entity, [id_ for _, id_, _, _ in new_events])
        overlay.remember(command.subject, command.id, outcome)

    def _digest(self, record: Record, command: Command, key: DataKey | None) -> str:
        secret = key.secret or b"" if key and command.type in self._personal_commands else b""
        data = command.data.__dict__ if command.type != "import_history" else from_json(record.value or b"")["data"]
        return digest(data, command.expectedversion, command.type, SCHEMA_VERSION, secret)

    def _outcome(
        self, command: Command, entity: Entity, overlay: Overlay, time: int, content: str
    ) -> tuple[Outcome, Entity, list[tuple[Message, str, int, int]]]:
        """The outcome, the entity after it, and its events as (event, id, version, time in microseconds)."""
        place = entity.remembered + 1
        if command.expectedversion is not None and command.expectedversion != entity.version:
            message = f"Expected version {command.expectedversion}, but the current version is {entity.version}"
            outcome = Outcome("conflict", "version_conflict", message, entity.version, (), content, time, place)
            return outcome, replace(entity, remembered=place), []
        try:
            new_events = self._events(command, entity, overlay, time)
        except (Rejected, Refused) as refusal:
            status = refusal.status if isinstance(refusal, Refused) else "rejected"
            outcome = Outcome(status, refusal.code, refusal.message, entity.version, (), content, time, place)
            return outcome, replace(entity, remembered=place), []
        state = self._aggregate.fold(entity.state, [event for event, _, _, _ in new_events])
        version = entity.version + len(new_events)
        last = max((at for _, _, _, at in new_events), default=entity.time)
        refs = tuple((id_, type(event).__name__, number) for event, id_, number, _ in new_events)
        outcome = Outcome("accepted", None, None, version, refs, content, time, place)
        return outcome, Entity(state, version, max(last, entity.time), place), new_events

    def _events(
        self, command: Command, entity: Entity, overlay: Overlay, time: int
    ) -> list[tuple[Message, str, int, int]]:
        if isinstance(command.data, ImportHistory):
            if not self._allow_import:
                raise Rejected("import_not_allowed", "Importing is not allowed here")
            return judge_history(self._aggregate, command, entity, overlay)
        decided = self._aggregate.decide(command.data, entity.state, command.subject)
        versions = range(entity.version + 1, entity.version + 1 + len(decided))
        return [
            (event, event_id(self._aggregate.name, command.subject, version, command.id), version, time)
            for version, event in zip(versions, decided, strict=True)
        ]


def _reused(entity: Entity, content: str) -> Outcome:
    message = "This id was used for another command of this entity"
    return Outcome("conflict", "id_reused", message, entity.version, (), content, 0, 0)
