"""What the events on a log come to, version by version."""

from __future__ import annotations

from dataclasses import dataclass

from service.audit.history import RULES
from service.audit.records import Json, PartitionLogs
from service.audit.text import micros, parse


@dataclass(frozen=True, slots=True)
class Step:
    """An event: its offset, and the entity behind it; `time` in microseconds."""

    offset: int
    entity_id: str
    state: Json
    time: int


def steps_of(logs: PartitionLogs) -> list[Step]:
    """The fold of all events in their order; those that are none are passed over, and told elsewhere."""
    states: dict[str, Json] = {}
    steps = []
    for record in logs.records["events"]:
        try:
            event = parse(record.value or b"")
            entity_id, state = event["subject"], states.get(event["subject"])
            states[entity_id] = RULES[logs.aggregate].apply(event["type"], event["data"], state)
            steps.append(Step(record.offset, entity_id, states[entity_id], micros(event["time"]) or 0))
        except (ValueError, KeyError, TypeError):
            continue
    return steps
