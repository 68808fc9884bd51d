"""The rows that each projection must have, made of an event, a reply or a state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from service.audit.records import Json, PartitionLogs
from service.audit.states import tagged
from service.audit.text import micros
from service.audit.versions import version_of
from service.audit.walk import Standing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

IDENTITY: Mapping[str, tuple[str, ...]] = {
    "ships": ("ship_id",),
    "cargo": ("ship_id", "item"),
    "ports": ("port",),
    "throughput": ("port", "day", "item"),
    "accounts": ("user_id",),
    "erasures": ("aggregate", "entity_id"),
    "journal": ("aggregate", "entity_id", "version"),
    "kept": ("aggregate", "entity_id", "version"),
    "outcomes": ("aggregate", "partition", "offset"),
}
# Columns of rows that several partitions add to.
SUMS: Mapping[str, tuple[str, ...]] = {
    "ports": ("ships_now", "visits", "loaded", "unloaded"),
    "throughput": ("loaded", "unloaded"),
}
# What is compared of each view; it may have others.
COLUMNS: Mapping[str, str] = {
    "ships": "ship_id, name, status, current_port, version, cargo",
    "cargo": "ship_id, item, quantity",
    "ports": "port, ships_now, visits, loaded, unloaded",
    "throughput": "port, day, item, loaded, unloaded",
    "accounts": "user_id, username, balance, version, deleted",
    "erasures": "aggregate, entity_id, version, time",
    "journal": "aggregate, entity_id, version, event_id, type, time, causation_id, correlation_id, data, "
    "schema_version",
    "kept": "aggregate, entity_id, version, reached, fold, state",
    "outcomes": """aggregate, partition, "offset", command_id, entity_id, status, code, message, entity_version,
        events, time""",
}


def journal_row(aggregate: str, event: Json) -> Json:
    """The row of an event."""
    return {
        "aggregate": aggregate,
        "entity_id": event.get("subject"),
        "version": event.get("entityversion"),
        "event_id": event.get("id"),
        "type": event.get("type"),
        "time": micros(event.get("time")),
        "causation_id": event.get("causationid"),
        "correlation_id": event.get("correlationid"),
        "data": event.get("data"),
        "schema_version": version_of(event),
    }


def outcome_row(logs: PartitionLogs, offset: int, reply: Json) -> Json | None:
    """The row of a reply at an offset; None for the answer to a repeat."""
    data = reply.get("data")
    if not isinstance(data, dict) or data.get("duplicate") is not False:
        return None
    answer = {name: data.get(name) for name in ("status", "code", "message", "entity_version", "events")}
    return {
        "aggregate": logs.aggregate,
        "partition": logs.partition,
        "offset": offset,
        "command_id": _storable(reply.get("causationid")),
        "entity_id": _storable(reply.get("subject")),
        "time": micros(reply.get("time")),
        **answer,
        "message": _storable(data.get("message")),
    }


def ship_row(ship_id: str, version: int, state: Json) -> Json:
    """The row of a ship."""
    return {"ship_id": ship_id, "version": version, **state}


def account_row(user_id: str, version: int, state: Json) -> Json:
    """The row of an account; `username` in the state as the event has it."""
    return {"user_id": user_id, "version": version, **state}


def erasure_row(user_id: str, one: Standing) -> Json:
    """The row of a user behind the event that deleted them."""
    return {"aggregate": "user", "entity_id": user_id, "version": one.version, "time": one.time}


def kept_row(aggregate: str, entity_id: str, one: Standing, reached: int, fold: str) -> Json:
    """The row of a state that this code keeps behind an event; `reached` is the latest time so far in microseconds."""
    return {
        "aggregate": aggregate,
        "entity_id": entity_id,
        "version": one.version,
        "reached": reached,
        "fold": fold,
        "state": tagged(aggregate, one.state),
    }


def day_of(time: int) -> str:
    """The day in UTC of a time in microseconds."""
    return (_EPOCH + timedelta(microseconds=time)).date().isoformat()


def _storable(value: object) -> object:
    # An invalid command is quoted as it came, and PostgreSQL holds every character but this one.
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value
