"""Decisions as bytes: event, reply and dead letter, in the shapes that contracts/README.md fixes."""

from __future__ import annotations

from typing import Any

import orjson

from fairlead.envelope import CONTENT_TYPE, Command, schema_id
from service.commands.faults import Unreadable
from service.commands.identity import NewEvent, render_time, reply_id
from service.commands.parked import Redrive
from service.commands.ports import Draft, Headers, Record
from service.commands.stored import Outcome
from service.domain import Aggregate

_TRACE = ("traceparent", "tracestate")
_PLAIN_HEADERS: list[tuple[str, bytes | None]] = [CONTENT_TYPE]


class Encoder:
    """Writes the messages of one aggregate in one partition; `redrive` where they are those of a redriven command."""

    def __init__(self, aggregate: Aggregate, partition: int, topic: str, redrive: Redrive | None = None) -> None:
        self._aggregate = aggregate
        self._redrive = redrive
        self._partition = partition
        self._topic = topic
        self._source = f"/fairlead/{aggregate.name}"
        self._event_schemas = {name: schema_id(aggregate.name, name) for name in aggregate.events}
        self._reply_schema = schema_id(aggregate.name, "CommandReply")

    def redriving(self, redrive: Redrive) -> Encoder:
        """The encoder for one command that is redriven."""
        return Encoder(self._aggregate, self._partition, self._topic, redrive)

    def event(self, event: NewEvent, command: Command, digest: str, record: Record) -> Draft:
        """An event, its personal data already sealed."""
        kind = type(event.message).__name__
        envelope = {
            "specversion": "1.0",
            "id": event.id,
            "source": self._source,
            "type": kind,
            "subject": command.subject,
            "time": render_time(event.time),
            "datacontenttype": "application/json",
            "dataschema": self._event_schemas[kind],
            "entityversion": event.version,
            "causationid": command.id,
            "commanddigest": digest,
        }
        if command.correlationid is not None:
            envelope["correlationid"] = command.correlationid
        envelope["data"] = event.message.__dict__
        return Draft(record.key, orjson.dumps(envelope, default=vars), _headers(record.headers), record.timestamp)

    def reply(self, command: Command, record: Record, outcome: Outcome, *, duplicate: bool, time: int) -> Draft:
        """The answer to a command that was judged; `time` in microseconds."""
        events = [{"id": id_, "type": type_, "version": version} for id_, type_, version in outcome.events]
        data = {
            "status": outcome.status,
            "code": outcome.code,
            "message": outcome.message,
            "entity_version": outcome.entity_version,
            "events": events,
            "duplicate": duplicate,
            "retry_after_ms": None,
        }
        extra = {"commanddigest": outcome.digest}
        return self._reply(record, command.id, command.subject, command.correlationid, time, extra, data)

    def unjudged(
        self, record: Record, status: str, fault: Unreadable, retry_after_ms: int | None = None
    ) -> Draft | None:
        """The answer to what was not judged, None where there is no id to answer to."""
        if fault.command_id is None:
            return None
        data: dict[str, Any] = {
            "status": status,
            "code": fault.code,
            "message": fault.message,
            "entity_version": None,
            "events": [],
            "duplicate": False,
            "retry_after_ms": retry_after_ms,
        }
        time = record.timestamp * 1000
        return self._reply(record, fault.command_id, fault.subject, fault.correlation_id, time, {}, data)

    def _reply(  # noqa: PLR0913  # the parts that differ between the two kinds of reply
        self,
        record: Record,
        command_id: str,
        subject: str | None,
        correlation_id: str | None,
        time: int,
        extra: dict[str, str],
        data: dict[str, Any],
    ) -> Draft:
        by = None if self._redrive is None else self._redrive.by
        envelope: dict[str, Any] = {
            "specversion": "1.0",
            "id": reply_id(self._aggregate.name, self._partition, record.offset, by),
            "source": self._source,
            "type": "CommandReply",
        }
        if subject is not None:
            envelope["subject"] = subject
        envelope |= {
            "time": render_time(time),
            "datacontenttype": "application/json",
            "dataschema": self._reply_schema,
            "causationid": command_id,
            **extra,
        }
        if correlation_id is not None:
            envelope["correlationid"] = correlation_id
        envelope["data"] = data
        key = record.key if record.key is not None or subject is None else subject.encode()
        return Draft(key, orjson.dumps(envelope), _headers(record.headers), record.timestamp)

    def dead_letter(self, record: Record, fault: Unreadable) -> Draft:
        """The record as it was received, with why and whence in headers behind its own."""
        received = record.timestamp if self._redrive is None else self._redrive.received
        why = {
            "fairlead-code": fault.code,
            "fairlead-reason": fault.message,
            "fairlead-topic": self._topic,
            "fairlead-partition": str(self._partition),
            "fairlead-offset": str(record.offset),
            "fairlead-timestamp": str(received),
        }
        if fault.trace is not None:
            why["fairlead-traceback"] = fault.trace
        if self._redrive is not None and self._redrive.count:
            why["fairlead-redrives"] = str(self._redrive.count)
        headers = [*record.headers, *((name, text.encode(errors="replace")) for name, text in why.items())]
        return Draft(record.key, record.value, headers, record.timestamp)


def _headers(received: Headers) -> list[tuple[str, bytes | None]]:
    if not received:
        return _PLAIN_HEADERS
    return [CONTENT_TYPE, *((name, value) for name, value in received if name in _TRACE)]
