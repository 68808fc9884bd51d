"""A short history told in the very bytes that stand on the topics, the same each time it is told."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, cast

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fairlead.bounds import Message, Sealed
from fairlead.envelope import CONTENT_TYPE, Command
from fairlead.history import ImportHistory
from fairlead.outgoing import Extras, encode
from fairlead.versions import version_of
from service.commands.encoding import Encoder
from service.commands.identity import NewEvent, command_digest, event_id, micros_of
from service.commands.judged import Judged
from service.commands.judging import Judge
from service.commands.personal import DataKey
from service.commands.ports import Draft, Headers
from service.commands.reading import CommandReader
from service.commands.stored import Outcome
from service.domain import Aggregate
from service.published.examples import Step, example_id
from service.published.schemas import schema_of

SOURCE = "/harbour-desk"
NOON = 1_795_000_000_000
SECOND = 1_000
# Whoever reads the samples may open them; no person stands behind it.
KEY = DataKey(example_id("data key"), blake2b(b"of nobody", digest_size=32).digest())


@dataclass(frozen=True, slots=True)
class Sent:
    """A record on the commands topic."""

    key: bytes | None
    value: bytes | None
    offset: int = 0
    timestamp: int = NOON
    headers: Headers = (CONTENT_TYPE,)


@dataclass(frozen=True, slots=True)
class Told:
    """An accepted command, as it was sent and judged, and its events as they are written."""

    record: Sent
    judged: Judged
    events: Sequence[Draft]


class Stage:
    """Plays histories of one aggregate."""

    def __init__(self, aggregate: Aggregate) -> None:
        self.aggregate = aggregate
        self.entity_id = example_id(aggregate.name)
        self.encoder = Encoder(aggregate, 0, f"{aggregate.name}.commands")
        self.reader = CommandReader(aggregate)
        self._rules = Judge(aggregate, allow_import=True)
        self.names = {model: name for name, model in aggregate.commands.items()}

    def sent(self, command: Message, place: int, *, expected_version: int | None = None) -> Sent:
        """A command as the client writes it, with all that may go with one."""
        name = self.names[type(command)]
        extras: Extras = {
            "command_id": example_id(self.aggregate.name, place, name),
            "expected_version": expected_version,
            "correlation_id": f"order-{place + 1}",
        }
        data = command.model_dump(mode="json")
        version = version_of(type(command))
        written = encode(SOURCE, self.aggregate.name, name, self.entity_id, data, extras, version)
        return self.at(written.value, place)

    def least(self, command: Message) -> Sent:
        """A command with nothing but what it must have, as one writes it by hand."""
        name, fields = self.names[type(command)], type(command).model_fields
        required = {field for field, about in fields.items() if about.is_required()}
        envelope: dict[str, Any] = {
            "specversion": "1.0",
            "id": example_id(self.aggregate.name, name),
            "source": SOURCE,
            "type": name,
            "subject": self.entity_id,
            **({"dataschema": schema_of(self.aggregate, name)} if type(command).upcasters else {}),
            "data": command.model_dump(mode="json", include=required),
        }
        return self.at(orjson.dumps(envelope), 0)

    def at(self, value: bytes | None, place: int) -> Sent:
        """Whatever was sent, as the record at this place."""
        return Sent(self.entity_id.encode(), value, place, NOON + place * SECOND)

    def read(self, record: Sent) -> Command:
        """The command in a record, which is one."""
        command = self.reader.read(record)
        if isinstance(command, Command):
            return command
        raise LookupError(f"An example is none, {command.message}: {record.value!r}")

    def play(self, history: Sequence[Step]) -> list[Told]:
        """All of a history, each command expecting the version that the one before led to."""
        told: list[Told] = []
        version = 0
        for place, step in enumerate(history):
            told.append(self._told(self.sent(step.command, place, expected_version=version), step, version))
            version += len(step.events)
        return told

    def imported(self, record: Sent) -> list[Draft]:
        """The events of a chunk of history, which keep their ids and times."""
        command = self.read(record)
        chunk, digest = cast("ImportHistory", command.data), self.digest(command, record)
        entries = enumerate(chunk.events, chunk.first_version)
        new = [NewEvent(self._sealed(one.data), one.id, number, micros_of(one.time)) for number, one in entries]
        outcome = Outcome("accepted", None, None, chunk.first_version + len(new) - 1, (), digest, 0)
        return self.encoder.events([Judged(record, command, outcome, new, 0)])

    def digest(self, command: Command, record: Sent) -> str:
        """Of a command's content."""
        key = KEY if command.type in self._rules.personal else None
        return command_digest(command, record.value or b"", key, self._rules.changed)

    def _told(self, record: Sent, step: Step, version: int) -> Told:
        command, time = self.read(record), record.timestamp * 1_000
        digest = self.digest(command, record)
        new = [
            NewEvent(
                self._sealed(event), event_id(self.aggregate.name, self.entity_id, number, command.id), number, time
            )
            for number, event in enumerate(step.events, version + 1)
        ]
        refs = tuple((event.id, type(event.message).__name__, event.version) for event in new)
        outcome = Outcome("accepted", None, None, version + len(new), refs, digest, time)
        judged = Judged(record, command, outcome, new, time)
        return Told(record, judged, self.encoder.events([judged]))

    def _sealed(self, event: Message) -> Message:
        """As service.commands.personal does it, but with a nonce that does not change: it may be used for this only."""
        fields = self.aggregate.personal.get(type(event).__name__, ())
        sealed = {}
        for name in fields:
            context = f"{self.aggregate.name}\n{self.entity_id}\n{name}".encode()
            nonce = blake2b(context, digest_size=12).digest()
            text = AESGCM(KEY.secret or b"").encrypt(nonce, getattr(event, name).encode(), context)
            sealed[name] = Sealed(alg="A256GCM", kid=KEY.kid, value=base64.b64encode(nonce + text).decode())
        return event.model_copy(update=sealed)
