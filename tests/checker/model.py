"""Decides every command of a partition again, from the commands alone and in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.checker import messages
from tests.checker.hashing import content, digest, uuid8
from tests.checker.history import RULES, NewEvent, judge_chunk
from tests.checker.matching import OpaqueDigests, Open
from tests.checker.messages import Verdict
from tests.checker.reading import Fault, read
from tests.checker.records import DataKey, Json, Keys, PartitionLogs, Record
from tests.checker.ship import Refusal

_WINDOW_COMMANDS = 1_000
_WINDOW_MICROS = 24 * 3600 * 1_000_000
_PERSONAL: Mapping[str, frozenset[str]] = {"ship": frozenset(), "user": frozenset({"create_user", "import_history"})}
_CONFLICTS = ("version_conflict", "history_gap", "history_differs")


@dataclass(frozen=True, slots=True)
class _Remembered:
    content: bytes
    answer: Json
    place: int
    time: int


@dataclass(slots=True)
class Entity:
    """What the commands so far have made of an entity; `time` of its last event in microseconds."""

    state: Json | None = None
    ids: list[str] = field(default_factory=list)
    time: int = 0
    remembered: int = 0
    window: dict[str, _Remembered] = field(default_factory=dict)
    opaque: OpaqueDigests = field(default_factory=OpaqueDigests)

    @property
    def version(self) -> int:
        """How many events it has."""
        return len(self.ids)


class Judge:
    """One partition's decisions; `keys` by user id, None where they cannot be read."""

    def __init__(self, logs: PartitionLogs, *, allow_import: bool = True, keys: Keys | None = None) -> None:
        self.entities: dict[str, Entity] = {}
        self._logs = logs
        self._allow_import = allow_import
        self._keys = keys

    def judge(self, record: Record) -> Verdict:
        """What has to follow from a command."""
        command = read(self._logs, record)
        if isinstance(command, Fault):
            return messages.unjudged(self._logs, record, command)
        subject = command["subject"]
        entity = self.entities.get(subject) or Entity()
        now = max(record.timestamp * 1000, entity.time)
        asked = content(command["type"], 1, command.get("expectedversion"), command["data"])
        command_digest = self._digest(command, entity, asked)
        known = entity.window.get(command["id"])
        if known and entity.remembered - known.place < _WINDOW_COMMANDS and now - known.time < _WINDOW_MICROS:
            same = known.content == asked
            answer = known.answer if same else _answer("conflict", "id_reused", Open(), entity.version)
            return messages.judged(self._logs, record, command, now, command_digest, answer, duplicate=same)
        answer, new = self._decide(command, entity, now)
        first = entity.version + 1 - len(new)
        entity.remembered += 1
        entity.window[command["id"]] = _Remembered(asked, answer, entity.remembered, now)
        self.entities[subject] = entity
        verdict = messages.judged(self._logs, record, command, now, command_digest, answer, duplicate=False)
        for version, event in enumerate(new, first):
            data = self._protected(subject, event) if event.type == "UserCreated" else event.data
            verdict.events.append(messages.event(self._logs, command, event, version, data, command_digest))
        return verdict

    def _new_events(self, command: Json, entity: Entity, now: int) -> list[NewEvent]:
        aggregate, subject, expected = self._logs.aggregate, command["subject"], command.get("expectedversion")
        if expected is not None and expected != entity.version:
            raise Refusal("version_conflict", Open())
        if command["type"] == "import_history":
            if not self._allow_import:
                raise Refusal("import_not_allowed", "Importing is not allowed here")
            return judge_chunk(aggregate, subject, command["data"], entity.state, entity.ids)
        type_, data = RULES[aggregate].decide(command["type"], command["data"], entity.state, subject)
        return [NewEvent(uuid8(aggregate, subject, entity.version + 1, command["id"]), type_, data, now)]

    def _decide(self, command: Json, entity: Entity, now: int) -> tuple[Json, list[NewEvent]]:
        try:
            new = self._new_events(command, entity, now)
        except Refusal as refusal:
            status = "conflict" if refusal.code in _CONFLICTS else "rejected"
            return _answer(status, refusal.code, refusal.message, entity.version), []
        for event in new:
            entity.state = RULES[self._logs.aggregate].apply(event.type, event.data, entity.state)
            entity.ids.append(event.id)
            entity.time = event.time
        first = entity.version + 1 - len(new)
        refs = [{"id": event.id, "type": event.type, "version": at} for at, event in enumerate(new, first)]
        return {**_answer("accepted", None, None, entity.version), "events": refs}, new

    def _digest(self, command: Json, entity: Entity, asked: bytes) -> Any:
        if command["type"] not in _PERSONAL[self._logs.aggregate]:
            return digest(asked)
        key = self._key(command["subject"])
        if key is None and self._keys is not None:
            return f"a digest under a data key of {command['subject']}, which the key store does not have"
        return digest(asked, key.secret) if key and key.secret else entity.opaque.of(asked)

    def _key(self, entity_id: str) -> DataKey | None:
        return self._keys.get(entity_id) if self._keys is not None else None

    def _protected(self, entity_id: str, event: NewEvent) -> Json:
        return messages.protected(event.data, entity_id, self._key(entity_id), have_keys=self._keys is not None)


def _answer(status: str, code: str | None, message: str | Open | None, version: int) -> Json:
    return {"status": status, "code": code, "message": message, "entity_version": version, "events": []}
