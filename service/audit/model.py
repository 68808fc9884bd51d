"""Decides every command of a partition again, from the commands in their order and what only the log can tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from service.audit import messages
from service.audit.decision import answered, check_version, decide, refused
from service.audit.entity import Case, Entity
from service.audit.horizon import Horizon
from service.audit.matching import Open
from service.audit.messages import Verdict
from service.audit.parking import BEHIND, BUSY, CONTROL, FAILURES, TOO_MANY, Parked, failed_again
from service.audit.personal import Personal, content_of
from service.audit.reading import Fault, read
from service.audit.records import Json, Keys, PartitionLogs, Record
from service.audit.ship import Refusal
from service.audit.told import Answer, Told
from service.audit.unknown import Unknown


class Judge:
    """One partition's decisions; `keys` by user id, None where they cannot be read.

    With `horizon`, what the logs no longer tell is Unknown; `lost` are the entities of which nothing can be said.
    """

    def __init__(
        self,
        logs: PartitionLogs,
        *,
        allow_import: bool = True,
        keys: Keys | None = None,
        told: Told | None = None,
        horizon: Horizon | None = None,
    ) -> None:
        self.entities: dict[str, Entity] = {}
        self.lost: set[str] = set()
        self._horizon = horizon
        self._logs = logs
        self._allow_import = allow_import
        self._personal = Personal(logs.aggregate, keys)
        self._told = told or Told()
        self._newest = 0

    def judge(self, record: Record) -> Verdict:
        """What has to follow from a command; raises Unknown."""
        command = read(self._logs, record)
        asked = command.command if isinstance(command, Fault) else command
        # What cannot be answered is no command.
        if not isinstance(command, Fault) or command.id is not None:
            self._newest = max(self._newest, record.timestamp * 1000)
        if asked.get("type") not in CONTROL and self._told.busy(messages.reply_id(self._logs, record, None)):
            return messages.busy(self._logs, record, Fault("busy", BUSY, asked))
        if isinstance(command, Fault):
            return messages.unjudged(self._logs, record, command)
        if command["subject"] in self.lost:
            raise Unknown("of an entity of which the logs no longer tell enough", command["subject"], lost=True)
        entity = self.entities.get(command["subject"])
        if entity is None:
            entity = self.entities[command["subject"]] = Entity()
        try:
            return self._handled(Case(record, command, entity))
        except Unknown as unknown:
            if unknown.lost:
                self.lost.add(unknown.subject)
            raise

    def _handled(self, case: Case) -> Verdict:
        reply_id = messages.reply_id(self._logs, case.record, case.by)
        if self._horizon is not None:
            self._horizon.check(case, reply_id, self._newest)
        entity, parked = case.entity, case.entity.parked
        if failure := self._told.failure(reply_id):
            return self._failed(case, failure)
        if known := entity.window.find(case.command["id"], case.now, self._newest):
            same = known.content == content_of(case.command) or self._personal.forgotten(case)
            answer = known.answer if same else answered("conflict", "id_reused", Open(), entity.version)
            return self._judged(case, case.now, answer, self._personal.digest(case), duplicate=same)
        if parked is not None and case.by is None and not case.is_control:
            parked.waiting[case.record.offset] = case
            return self._held(case)
        return self._controlled(case) if case.is_control else self._decided(case)

    def _held(self, case: Case) -> Verdict:
        return messages.unjudged(self._logs, case.record, Fault("parked", BEHIND, case.command), "failed")

    def _decided(self, case: Case) -> Verdict:
        now, command_digest = case.now, self._personal.digest(case)
        answer, new = decide(self._logs.aggregate, case, allow_import=self._imports(case))
        verdict = self._remembered(case, now, answer, command_digest)
        for version, event in enumerate(new, case.entity.version + 1 - len(new)):
            data = self._personal.protected(case.subject, event.data) if event.type == "UserCreated" else event.data
            verdict.events.append(messages.event(self._logs, case.command, event, version, data, command_digest))
        return verdict

    def _imports(self, case: Case) -> bool:
        if case.command["type"] != "import_history" or not self._allow_import:
            return self._allow_import
        return not self._told.imports_refused(messages.reply_id(self._logs, case.record, case.by))

    def _failed(self, case: Case, failure: Answer) -> Verdict:
        entity, offset = case.entity, case.record.offset
        fault = Fault(failure.code, Open(FAILURES[failure.code], str(failure.message)), case.command)
        verdict = messages.unjudged(self._logs, case.record, fault, "failed", case.by)
        if case.by is not None and entity.parked is not None:
            verdict.redrives = entity.parked.fail_again(offset)
            verdict.behind = [replace(self._held(waiting), reply=None) for waiting in entity.parked.behind()]
            verdict.snapshot = {"parked": {"from": offset}}
        elif entity.parked is not None:
            entity.parked.waiting[offset] = case
        elif self._told.parks(case.subject, offset):
            entity.parked = Parked(offset, {offset: case})
            verdict.snapshot = {"parked": {"from": offset}}
        return verdict

    def _controlled(self, case: Case) -> Verdict:
        redriven: list[Verdict] = []
        try:
            self._end_parking(case, redriven)
            answer = answered("accepted", None, None, case.entity.version)
        except Refusal as refusal:
            answer = refused(refusal, case.entity.version)
        verdict = self._remembered(case, case.now, answer, self._personal.digest(case))
        verdict.redriven = redriven
        verdict.snapshot = {"parked": None} if answer["status"] == "accepted" else None
        return verdict

    def _end_parking(self, case: Case, redriven: list[Verdict]) -> None:
        check_version(case)
        parked = case.entity.parked
        # A control command that failed, and is itself redriven, finds nothing of its own to end.
        if parked is None or case.by is not None:
            raise Refusal("not_parked", f"Nothing of {case.subject} is parked")
        if case.command["type"] == "redrive_parked":
            self._redrive(case, parked, redriven)
        case.entity.parked = None

    def _redrive(self, case: Case, parked: Parked, redriven: list[Verdict]) -> None:
        if parked.perhaps:
            raise Unknown("redrives what waits from an unknown command on", case.subject, lost=True)
        if self._told.letter_gone(messages.reply_id(self._logs, case.record, None), parked.since):
            gone = f"The dead letter of the command at offset {parked.since} is no longer kept: discard what is left"
            raise Refusal("dead_letters_gone", gone)
        if parked.too_many:
            raise Refusal("too_many_waiting", TOO_MANY.format(parked.since))
        for offset in sorted(parked.waiting.keys() - set(case.command["data"].get("skip", ()))):
            waiting, by = parked.waiting[offset], case.record
            redriven.append(self._handled(Case(waiting.record, waiting.command, waiting.entity, by)))
            if failure := self._told.failure(messages.reply_id(self._logs, waiting.record, by)):
                raise Refusal("still_parked", failed_again(offset, str(failure.message)))

    def _remembered(self, case: Case, now: int, answer: Json, digest: Any) -> Verdict:
        case.entity.window.remember(case.command["id"], content_of(case.command), answer, now, self._newest)
        return self._judged(case, now, answer, digest, duplicate=False)

    def _judged(self, case: Case, now: int, answer: Json, digest: Any, *, duplicate: bool) -> Verdict:
        return messages.judged(self._logs, case, now, digest, answer, duplicate=duplicate)
