"""The snapshot records that say from which command on an entity is parked, or that it is no longer."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from service.audit.alignment import Message, align
from service.audit.checkpoint import KEY
from service.audit.expected import object_in
from service.audit.messages import Verdict
from service.audit.records import Json, PartitionLogs
from service.audit.report import Report


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    """A record that speaks of parking; `since` is None where it ends it, or is malformed."""

    offset: int
    entity_id: str
    value: Json

    @property
    def since(self) -> Any:
        """The offset that it names."""
        parked = self.value["parked"]
        return parked.get("from") if isinstance(parked, dict) else None


def parked_records(logs: PartitionLogs) -> list[ParkedRecord]:
    """All of them, in order."""
    found = []
    for record in logs.records["snapshots"]:
        value = object_in(record)
        if record.key != KEY and value is not None and "parked" in value:
            entity_id = (record.key or b"").decode("utf-8", "replace")
            found.append(ParkedRecord(record.offset, entity_id, {"parked": value["parked"]}))
    return found


def check_parked(report: Report, logs: PartitionLogs, verdicts: list[Verdict], *, compacted: bool) -> None:
    """Compare, entity by entity: between entities no order is promised; once they are compacted, how each ended."""
    expected: dict[str, list[tuple[Json, int]]] = defaultdict(list)
    found: dict[str, list[tuple[Json, int]]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.snapshot is not None:
            expected[(verdict.record.key or b"").decode()].append((verdict.snapshot, verdict.record.offset))
    for record in parked_records(logs):
        found[record.entity_id].append((record.value, record.offset))
    for entity_id in expected.keys() | found.keys():
        last = slice(-1, None) if compacted else slice(None)
        wanted, there = (
            list(_messages(entity_id, _turns(side.get(entity_id, [])[last]))) for side in (expected, found)
        )
        align(report, logs, "snapshots", wanted, there)


def _turns(values: list[tuple[Json, int]]) -> list[tuple[Json, int]]:
    """Those that say something else than the one before: snapshots of states repeat what is so."""
    before: Json = {"parked": None}
    turns = []
    for value, offset in values:
        if value != before:
            turns.append((value, offset))
        before = value
    return turns


def _messages(entity_id: str, values: list[tuple[Json, int]]) -> Iterator[Message]:
    seen: Counter[str] = Counter()
    for value, offset in values:
        text = json.dumps(value, sort_keys=True)
        seen[text] += 1
        yield Message((text, seen[text]), f"{text} of {entity_id}", {"value": value}, offset)
