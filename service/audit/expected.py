"""The messages that a verdict leads to and those that are on a log, in the one form in which they are compared."""

from __future__ import annotations

from collections.abc import Iterator

from service.audit.alignment import Message
from service.audit.messages import Verdict
from service.audit.records import Json, Record
from service.audit.text import parse


def expected_reply(verdict: Verdict) -> Message | None:
    """The reply; None where there is no id to name."""
    value = verdict.reply
    if value is None:
        return None
    wanted = {"key": verdict.reply_key, "headers": sorted(verdict.headers, key=str), "value": value}
    return Message(value["id"], f"reply to {value['causationid']}", wanted, verdict.record.offset)


def expected_events(verdict: Verdict) -> Iterator[Message]:
    """The events, in order."""
    for value in verdict.events:
        wanted = {"key": verdict.record.key, "headers": sorted(verdict.headers, key=str), "value": value}
        identity = (value["subject"], value["entityversion"])
        yield Message(identity, _event_label(value), wanted, verdict.record.offset)


def found(kind: str, record: Record, value: Json) -> Message:
    """A reply or an event on its log; `value` is what is in the record."""
    content = {"key": record.key, "headers": sorted(record.headers, key=str), "value": value}
    if kind == "replies":
        return Message(str(value.get("id")), f"reply to {value.get('causationid')}", content, record.offset)
    version = value.get("entityversion")
    identity = (str(value.get("subject")), version if type(version) is int else str(version))
    return Message(identity, _event_label(value), content, record.offset)


def object_in(record: Record) -> Json | None:
    """The JSON object in a record; None where it holds something else."""
    try:
        value = parse(record.value or b"")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _event_label(value: Json) -> str:
    return f"{value.get('type')} {value.get('entityversion')} of {value.get('subject')}"
