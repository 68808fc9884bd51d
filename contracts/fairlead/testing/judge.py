"""What the service does with a command of one aggregate before and after its rules, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from pydantic import TypeAdapter, ValidationError

from fairlead.aggregates import declared
from fairlead.bounds import Message
from fairlead.envelope import EventRef, Outcome, Reply, Status, command_adapter
from fairlead.former import Former
from fairlead.outgoing import Outgoing
from fairlead.testing.answers import Busy, Failed, Refused, Unanswered
from fairlead.testing.log import EventLog

# Gets the command, the entity's id and its history; returns events or raises as an answer does.
Decide = Callable[[Message, str, Sequence[Message]], Sequence[Message]]


class Judge:
    """Holds commands to the contract, answers repeats, compares versions; the rest is `decide`."""

    def __init__(self, aggregate: str, decide: Decide) -> None:
        module = declared(aggregate)
        self._commands: Mapping[str, type[Message]] = module.COMMANDS
        self._adapter: TypeAdapter[dict[str, Any]] = command_adapter(aggregate, module.ENTITY_ID, module.COMMANDS)
        self._former = Former(aggregate, module.COMMANDS)
        self._aggregate = aggregate
        self._decide = decide
        self._remembered: dict[tuple[str, str], tuple[object, Outcome]] = {}
        self.log = EventLog(aggregate, module.EVENTS)

    def judge(self, sent: Outgoing) -> Reply:
        """The reply to a command; raises TimeoutError where none comes."""
        try:
            command = self._read(sent.value)
        except ValidationError as error:
            return self._reply(sent, self._invalid(sent, error))
        content = _content(sent)
        known = self._remembered.get((sent.entity_id, sent.id))
        if known is not None:
            same = known[0] == content
            return self._reply(sent, _repeated(known[1]) if same else self._outcome(sent, "conflict", "id_reused"))
        outcome, in_time = self._judged(sent, command)
        if outcome.status not in ("busy", "failed"):
            self._remembered[sent.entity_id, sent.id] = content, outcome
        if not in_time:
            raise TimeoutError
        return self._reply(sent, outcome)

    def _read(self, value: bytes) -> dict[str, Any]:
        try:
            return self._adapter.validate_json(value)
        except ValidationError:
            brought_up = self._former.brought_up(value)
            if brought_up is None:
                raise
            return self._adapter.validate_json(brought_up)

    def _judged(self, sent: Outgoing, command: Mapping[str, Any]) -> tuple[Outcome, bool]:
        history = self.log.history(sent.entity_id)
        if command.get("expectedversion") not in (None, len(history)):
            return self._outcome(sent, "conflict", "version_conflict"), True
        try:
            events = self._decide(command["data"], sent.entity_id, history)
        except Refused as refused:
            return self._outcome(sent, "rejected", refused.code, refused.message), True
        except Failed as failed:
            return _unjudged("failed", failed.code, failed.message), True
        except Busy as busy:
            return _unjudged("busy", "busy", "", busy.retry_after_ms), True
        except Unanswered as unanswered:
            if unanswered.events is None:
                raise TimeoutError from unanswered
            return self._accepted(sent, command, unanswered.events), False
        return self._accepted(sent, command, events), True

    def _accepted(self, sent: Outgoing, command: Mapping[str, Any], events: Sequence[Message]) -> Outcome:
        said = {"causationid": sent.id}
        if command.get("correlationid") is not None:
            said["correlationid"] = command["correlationid"]
        refs = self.log.append(sent.entity_id, events, sent.headers, **said)
        return self._outcome(sent, "accepted", events=refs)

    def _outcome(
        self,
        sent: Outgoing,
        status: Status,
        code: str | None = None,
        message: str | None = None,
        events: Sequence[EventRef] = (),
    ) -> Outcome:
        version = len(self.log.history(sent.entity_id))
        return Outcome(
            status=status,
            code=code,
            message=code if message is None else message,
            entity_version=version,
            events=[*events],
            duplicate=False,
            retry_after_ms=None,
        )

    def _invalid(self, sent: Outgoing, error: ValidationError) -> Outcome:
        type_ = orjson.loads(sent.value)["type"]
        if type_ not in self._commands:
            return _unjudged("invalid", "unknown_command", f"Unknown command: {type_}")
        faults = (f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in error.errors())
        return _unjudged("invalid", "invalid_command", "; ".join(faults))

    def _reply(self, sent: Outgoing, outcome: Outcome) -> Reply:
        raw = orjson.loads(sent.value)
        return Reply(
            id=str(uuid4()),
            source=f"/fairlead/{self._aggregate}",
            type="CommandReply",
            subject=sent.entity_id,
            time=datetime.now(UTC),
            causationid=sent.id,
            correlationid=raw.get("correlationid"),
            data=outcome,
        )


def _content(sent: Outgoing) -> object:
    """What makes a repeat one: what was sent, and not what it is read as."""
    raw = orjson.loads(sent.value)
    return raw["type"], raw["dataschema"], raw.get("expectedversion"), raw["data"]


def _unjudged(status: Status, code: str, message: str, retry_after_ms: int | None = None) -> Outcome:
    return Outcome(
        status=status,
        code=code,
        message=message,
        entity_version=None,
        events=[],
        duplicate=False,
        retry_after_ms=retry_after_ms,
    )


def _repeated(outcome: Outcome) -> Outcome:
    return outcome.model_copy(update={"duplicate": True})
