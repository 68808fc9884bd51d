"""The messages that have to be on the log, with stand-ins where the contract leaves a value open."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from service.audit.entity import Case
from service.audit.hashing import uuid8
from service.audit.history import NewEvent
from service.audit.matching import Open, Positive, Sealed, name_context
from service.audit.reading import Fault
from service.audit.records import DataKey, Headers, Json, PartitionLogs, Record
from service.audit.text import render_time
from service.audit.versions import schema_of

_TRACE = ("traceparent", "tracestate")
_CONTENT_TYPE = ("content-type", b"application/cloudevents+json")


@dataclass(slots=True)
class Verdict:
    """What has to follow from one command: `reply` is None where there is no id, `reason` where it is no dead letter.

    A control command also has the verdicts of those that it redrives, which come before its own; one that fails again
    those of the commands behind it, whose dead letters come after its own.
    """

    record: Record
    status: str
    code: str | None
    duplicate: bool
    reply: Json | None
    reply_key: bytes | None
    headers: Headers
    events: list[Json] = field(default_factory=list)
    reason: str | Open | None = None
    redrives: int = 0
    snapshot: Json | None = None
    redriven: list[Verdict] = field(default_factory=list)
    behind: list[Verdict] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Under which name it is counted."""
        if self.duplicate:
            return "duplicate"
        if self.status == "busy":
            return "busy"
        return f"{self.status}.{self.code}" if self.code else self.status


def reply_id(logs: PartitionLogs, record: Record, by: Record | None) -> str:
    """The id of the reply to a command, or of that which it gets by this control command."""
    return reply_id_at(logs, record.offset, None if by is None else by.offset)


def reply_id_at(logs: PartitionLogs, offset: int, by: int | None = None) -> str:
    """The same, of the command at an offset."""
    return _reply_id(logs.aggregate, logs.partition, offset, by)


@lru_cache(maxsize=8)
def _reply_id(aggregate: str, partition: int, offset: int, by: int | None) -> str:
    # It is asked for several times while one command is judged.
    return uuid8(aggregate, "reply", partition, offset, *(() if by is None else (by,)))


def busy(logs: PartitionLogs, record: Record, fault: Fault) -> Verdict:
    """What follows from a command that has to be sent again."""
    verdict = unjudged(logs, record, fault, "busy")
    verdict.reason = None
    if verdict.reply is not None:
        verdict.reply["data"]["retry_after_ms"] = Positive()
    return verdict


def unjudged(
    logs: PartitionLogs, record: Record, fault: Fault, status: str = "invalid", by: Record | None = None
) -> Verdict:
    """What follows from a record that is no command of this partition, or is put aside without a decision."""
    reply = None
    if fault.id is not None:
        answer: Json = {"status": status, "code": fault.code, "message": fault.message}
        answer |= {"entity_version": None, "events": []}
        id_ = reply_id(logs, record, by)
        reply = _reply(logs, id_, fault.id, fault.subject, (by or record).timestamp * 1000, answer)
        if fault.correlation is not None:
            reply["correlationid"] = fault.correlation
    key = record.key
    if key is None and fault.subject is not None:
        key = fault.subject.encode("utf-8", "surrogatepass")
    headers = _headers(record)
    return Verdict(record, status, fault.code, False, reply, key, headers, reason=fault.message)  # noqa: FBT003  # by its name in Verdict


def judged(  # noqa: PLR0913  # the independent parts of an answer
    logs: PartitionLogs, case: Case, now: int, digest: Any, answer: Json, *, duplicate: bool
) -> Verdict:
    """What follows from a command that was judged; its events are added by whoever knows them."""
    record, command = case.record, case.command
    reply = _reply(logs, reply_id(logs, record, case.by), command["id"], command["subject"], now, answer)
    reply["commanddigest"] = digest
    reply["data"]["duplicate"] = duplicate
    if command.get("correlationid") is not None:
        reply["correlationid"] = command["correlationid"]
    return Verdict(record, answer["status"], answer["code"], duplicate, reply, record.key, _headers(record))


def event(  # noqa: PLR0913  # the independent parts of an event
    logs: PartitionLogs, command: Json, new: NewEvent, version: int, data: Json, digest: Any
) -> Json:
    """An event as it has to stand on its topic."""
    envelope = {
        **_envelope(logs.aggregate, new.id, new.type, new.time),
        "subject": command["subject"],
        "entityversion": version,
        "causationid": command["id"],
        "commanddigest": digest,
        "data": data,
    }
    if command.get("correlationid") is not None:
        envelope["correlationid"] = command["correlationid"]
    return envelope


def protected(data: Json, entity_id: str, key: DataKey | None, *, have_keys: bool) -> Json:
    """The data of a `UserCreated` with its name sealed."""
    return {**data, "username": Sealed(data["username"], name_context(entity_id), key, have_keys=have_keys)}


def _reply(  # noqa: PLR0913  # the independent parts of a reply
    logs: PartitionLogs, id_: str, command_id: str, subject: str | None, now: int, answer: Json
) -> Json:
    envelope = _envelope(logs.aggregate, id_, "CommandReply", now)
    envelope["causationid"] = command_id
    envelope["data"] = {**answer, "duplicate": False, "retry_after_ms": None}
    return envelope if subject is None else {**envelope, "subject": subject}


def _envelope(aggregate: str, id_: str, type_: str, time: int) -> Json:
    return {
        "specversion": "1.0",
        "id": id_,
        "source": f"/fairlead/{aggregate}",
        "type": type_,
        "time": render_time(time),
        "datacontenttype": "application/json",
        "dataschema": schema_of(aggregate, type_),
    }


def _headers(record: Record) -> Headers:
    return (_CONTENT_TYPE, *((name, value) for name, value in record.headers if name in _TRACE))
