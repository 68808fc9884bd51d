"""What whole logs tell of that which nobody can recompute."""

from __future__ import annotations

from service.audit.letters import offset_of
from service.audit.records import PartitionLogs
from service.audit.text import parse
from service.audit.told import Answer, Told
from tests.checker.snapshots import parked_records


def told_by(logs: PartitionLogs, *, compacted: bool = False) -> Told:
    """What these logs tell."""
    answers: dict[str, Answer] = {}
    for record in logs.records["replies"]:
        try:
            value = parse(record.value or b"")
            data = value["data"]
            answers[value["id"]] = Answer(data.get("status"), data.get("code"), data.get("message"))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # the comparison says what is wrong with it
    records = parked_records(logs)
    parked = {(one.entity_id, one.since) for one in records if type(one.since) is int}
    letters = {text for record in logs.records["dead-letters"] if (text := offset_of(record)) is not None}
    return Told(answers, frozenset(parked), frozenset(letters), compacted)
