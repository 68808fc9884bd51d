"""What an `import_history` command leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

from service.audit import ship, user
from service.audit.ids import Ids
from service.audit.matching import Open
from service.audit.records import Json
from service.audit.ship import Refusal
from service.audit.text import micros
from service.audit.versions import STEPS, brought_up

RULES: Mapping[str, ModuleType] = {"ship": ship, "user": user}
FIRST: Mapping[str, str] = {"ship": "ShipRegistered", "user": "UserCreated"}


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that a command leads to; `time` in microseconds."""

    id: str
    type: str
    data: Json
    time: int


def judge_chunk(aggregate: str, entity_id: str, data: Json, state: Json | None, known_ids: Ids) -> list[NewEvent]:
    """The events of a chunk that are not there yet; raises Refusal."""
    version, first = len(known_ids), data["first_version"]
    events = [_present(aggregate, event) for event in data["events"]]
    if first > version + 1:
        raise Refusal("history_gap", Open())
    for number, event in enumerate(events, first):
        if number <= version and event["id"] != known_ids[number - 1]:
            raise Refusal("history_differs", Open())
    fresh = events[version + 1 - first :]
    for number, event in enumerate(fresh, version + 1):
        message = broken_rule(aggregate, entity_id, event, state)
        if isinstance(message, Open):
            raise Refusal("invalid_history", Open(rf"Event {number}: .+", f"Event {number}: wrong"))
        if message is not None:
            raise Refusal("invalid_history", f"Event {number}: {message}")
        state = RULES[aggregate].apply(event["type"], event["data"], state)
    return [NewEvent(event["id"], event["type"], event["data"], micros(event["time"]) or 0) for event in fresh]


def _present(aggregate: str, event: Json) -> Json:
    """An event that somebody imports, who may have it in a former version."""
    steps = STEPS[aggregate].get(event["type"], ())
    return {**event, "data": brought_up(steps, event.get("schema_version", 1), event["data"])} if steps else event


def broken_rule(aggregate: str, entity_id: str, event: Json, state: Json | None) -> str | Open | None:
    """What no rule would have let happen in this state; None where all is well."""
    rules = RULES[aggregate]
    if state is None and event["type"] != FIRST[aggregate]:
        return f"First event must be {FIRST[aggregate]}"
    try:
        decided = rules.decide(*rules.as_command(event["type"], event["data"]), state, entity_id)
    except Refusal as refusal:
        return refusal.message
    # An event may name another port than the one its ship lay in: no command could have led to it,
    # and how that is said is left open.
    return None if decided == (event["type"], event["data"]) else Open()
