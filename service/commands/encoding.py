"""Decisions as bytes: event, reply and dead letter, in the shapes that contracts/README.md fixes.

Their JSON is put together from its parts: measured half the time of a dict of them and its encoding. What could hold a
quote, which is neither id, type, time nor number, is encoded on its own.
"""

from __future__ import annotations

import orjson

from fairlead.envelope import CONTENT_TYPE, Command, schema_id
from service.commands.faults import Unreadable
from service.commands.identity import NewEvent, render_time, reply_id
from service.commands.parked import Redrive
from service.commands.ports import Draft, Record
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
        self._kinds = {event: (name, schema_id(aggregate.name, name)) for name, event in aggregate.events.items()}
        self._reply_schema = schema_id(aggregate.name, "CommandReply")

    def redriving(self, redrive: Redrive) -> Encoder:
        """The encoder for one command that is redriven."""
        return Encoder(self._aggregate, self._partition, self._topic, redrive)

    def event(self, event: NewEvent, command: Command, digest: str, record: Record) -> Draft:
        """An event, its personal data already sealed."""
        message, id_, version, time = event
        cause, _, subject, _, _, correlation_id = command
        kind, schema = self._kinds[type(message)]
        said = "" if correlation_id is None else f',"correlationid":{_json(correlation_id)}'
        head = (
            f'{{"specversion":"1.0","id":"{id_}","source":"{self._source}","type":"{kind}","subject":"{subject}"'
            f',"time":"{render_time(time)}","datacontenttype":"application/json","dataschema":"{schema}"'
            f',"entityversion":{version},"causationid":"{cause}","commanddigest":"{digest}"{said},"data":'
        )
        return _draft(record.key, b"%b%b}" % (head.encode(), orjson.dumps(message.__dict__, default=vars)), record)

    def reply(self, command: Command, record: Record, outcome: Outcome, *, duplicate: bool, time: int) -> Draft:
        """The answer to a command that was judged; `time` in microseconds."""
        status, code, message, version, refs, digest, _ = outcome
        id_, _, subject, _, _, correlation_id = command
        events = ",".join([f'{{"id":"{id_}","type":"{kind}","version":{at}}}' for id_, kind, at in refs])
        data = (
            f'{{"status":"{status}","code":{_json(code)},"message":{_json(message)},"entity_version":{version}'
            f',"events":[{events}],"duplicate":{"true" if duplicate else "false"},"retry_after_ms":null}}'
        )
        cause = f'"{id_}","commanddigest":"{digest}"'
        return self._reply(record, subject, f'"{subject}"', time, cause, correlation_id, data)

    def unjudged(
        self, record: Record, status: str, fault: Unreadable, retry_after_ms: int | None = None
    ) -> Draft | None:
        """The answer to what was not judged, None where there is no id to answer to."""
        if fault.command_id is None:
            return None
        data = (
            f'{{"status":"{status}","code":{_json(fault.code)},"message":{_json(fault.message)},"entity_version":null'
            f',"events":[],"duplicate":false,"retry_after_ms":{_json(retry_after_ms)}}}'
        )
        # What was not read can have anything in its id and subject.
        subject, cause = _json(fault.subject), _json(fault.command_id)
        return self._reply(record, fault.subject, subject, record.timestamp * 1000, cause, fault.correlation_id, data)

    def _reply(  # noqa: PLR0913  # the parts that differ between the two kinds of reply
        self,
        record: Record,
        subject: str | None,
        subject_json: str,
        time: int,
        cause: str,
        correlation_id: str | None,
        data: str,
    ) -> Draft:
        by = None if self._redrive is None else self._redrive.by
        about = "" if subject is None else f',"subject":{subject_json}'
        said = "" if correlation_id is None else f',"correlationid":{_json(correlation_id)}'
        value = (
            f'{{"specversion":"1.0","id":"{reply_id(self._aggregate.name, self._partition, record.offset, by)}"'
            f',"source":"{self._source}","type":"CommandReply"{about},"time":"{render_time(time)}"'
            f',"datacontenttype":"application/json","dataschema":"{self._reply_schema}"'
            f',"causationid":{cause}{said},"data":{data}}}'
        )
        key = record.key if record.key is not None or subject is None else subject.encode()
        return _draft(key, value.encode(), record)

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


def _draft(key: bytes | None, value: bytes, record: Record) -> Draft:
    received = record.headers
    headers = [CONTENT_TYPE, *(pair for pair in received if pair[0] in _TRACE)] if received else _PLAIN_HEADERS
    # Past what a NamedTuple makes of its fields by itself, which is Python.
    return tuple.__new__(Draft, (key, value, headers, record.timestamp))


def _json(value: str | int | None) -> str:
    return "null" if value is None else orjson.dumps(value).decode()
