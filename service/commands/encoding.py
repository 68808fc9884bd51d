"""Decisions as bytes: event, reply and dead letter, in the shapes that contracts/README.md fixes.

Their JSON is put together from its parts: measured half the time of a dict of them and its encoding. What could hold a
quote, which is neither id, type, time nor number, is encoded on its own.
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from fairlead.envelope import CONTENT_TYPE, schema_id
from fairlead.versions import version_of
from service.commands.faults import Unreadable
from service.commands.identity import render_time, reply_id
from service.commands.judged import Judged
from service.commands.parked import Redrive
from service.commands.ports import Draft, Headers, Record
from service.commands.stored import Outcome
from service.domain import Aggregate

_DIGEST = Outcome._fields.index("digest")
_TRACE = ("traceparent", "tracestate")
_dumps = orjson.dumps
_new = tuple.__new__
_PLAIN_HEADERS: list[tuple[str, bytes | None]] = [CONTENT_TYPE]


class Encoder:
    """Writes the messages of one aggregate in one partition; `redrive` where they are those of a redriven command."""

    def __init__(self, aggregate: Aggregate, partition: int, topic: str, redrive: Redrive | None = None) -> None:
        self._aggregate = aggregate
        self._redrive = redrive
        self._partition = partition
        self._topic = topic
        self._by = None if redrive is None else redrive.by
        self._source = f"/fairlead/{aggregate.name}"
        # What all that is written of one kind has in common is put together once: half of the parts are left.
        self._kinds = {event: self._frame(name, version_of(event)) for name, event in aggregate.events.items()}
        self._reply_start, self._reply_middle = self._frame("CommandReply")

    def _frame(self, kind: str, version: int = 1) -> tuple[str, str]:
        """What stands between the id and the subject, and behind the time."""
        schema = schema_id(self._aggregate.name, kind, version)
        return (
            f'","source":"{self._source}","type":"{kind}"',
            f'","datacontenttype":"application/json","dataschema":"{schema}"',
        )

    def redriving(self, redrive: Redrive) -> Encoder:
        """The encoder for one command that is redriven."""
        return Encoder(self._aggregate, self._partition, self._topic, redrive)

    def events(self, judged: Iterable[Judged]) -> list[Draft]:
        """The events of these commands."""
        drafts = []
        for record, (cause, _, subject, _, _, correlation_id), outcome, events, _, _ in judged:
            if not events:
                continue
            digest = outcome[_DIGEST]
            said = "" if correlation_id is None else f',"correlationid":{_json(correlation_id)}'
            key, timestamp = record.key, record.timestamp
            headers = _passed_on(record.headers)
            for message, id_, version, time in events:
                start, middle = self._kinds[type(message)]
                head = (
                    f'{{"specversion":"1.0","id":"{id_}{start},"subject":"{subject}","time":"{render_time(time)}{middle}'
                    f',"entityversion":{version},"causationid":"{cause}","commanddigest":"{digest}"{said},"data":'
                )
                value = b"%b%b}" % (head.encode(), _dumps(message.__dict__, vars))
                # Past what a NamedTuple makes of its fields by itself, which is Python.
                drafts.append(_new(Draft, (key, value, headers, timestamp)))
        return drafts

    def replies(self, judged: Iterable[Judged]) -> list[Draft]:
        """The answer to each of these commands."""
        drafts = []
        start, middle = self._reply_start, self._reply_middle
        for record, (cause, _, subject, _, _, correlation_id), outcome, _, time, duplicate in judged:
            status, code, message, version, refs, digest, _ = outcome
            events = ",".join([f'{{"id":"{id_}","type":"{kind}","version":{at}}}' for id_, kind, at in refs])
            why = '"code":null,"message":null' if code is None else f'"code":{_json(code)},"message":{_json(message)}'
            said = "" if correlation_id is None else f',"correlationid":{_json(correlation_id)}'
            value = (
                f'{{"specversion":"1.0","id":"{self._reply_id(record.offset)}{start},"subject":"{subject}"'
                f',"time":"{render_time(time)}{middle},"causationid":"{cause}","commanddigest":"{digest}"{said}'
                f',"data":{{"status":"{status}",{why},"entity_version":{version},"events":[{events}]'
                f',"duplicate":{"true" if duplicate else "false"},"retry_after_ms":null}}}}'
            )
            key = subject.encode() if record.key is None else record.key
            headers = _passed_on(record.headers)
            drafts.append(_new(Draft, (key, value.encode(), headers, record.timestamp)))
        return drafts

    def _reply_id(self, offset: int) -> str:
        return reply_id(self._aggregate.name, self._partition, offset, self._by)

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
        about = "" if fault.subject is None else f',"subject":{_json(fault.subject)}'
        said = "" if fault.correlation_id is None else f',"correlationid":{_json(fault.correlation_id)}'
        value = (
            f'{{"specversion":"1.0","id":"{self._reply_id(record.offset)}{self._reply_start}{about}'
            f',"time":"{render_time(record.timestamp * 1000)}{self._reply_middle}'
            f',"causationid":{_json(fault.command_id)}{said},"data":{data}}}'
        )
        key = record.key if record.key is not None or fault.subject is None else fault.subject.encode()
        return Draft(key, value.encode(), _passed_on(record.headers), record.timestamp)

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


def _passed_on(received: Headers) -> list[tuple[str, bytes | None]]:
    return [CONTENT_TYPE, *(pair for pair in received if pair[0] in _TRACE)] if received else _PLAIN_HEADERS


def _json(value: str | int | None) -> str:
    return "null" if value is None else orjson.dumps(value).decode()
