"""The rows that each projection must have, folded from decisions and logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from service.audit.messages import Verdict
from service.audit.model import Entity
from service.audit.records import Json, PartitionLogs, Record
from service.audit.text import micros, parse


def ships(entities: Mapping[str, Entity]) -> Iterator[Json]:
    """One row for each ship."""
    for ship_id, entity in entities.items():
        if entity.state is not None:
            yield ship_row(ship_id, entity.version, entity.state)


def ports(verdicts: Iterable[Verdict], entities: Iterable[Entity]) -> list[Json]:
    """One row for each port that any ship ever docked at."""
    found: dict[str, Json] = {}
    for event in (event for verdict in verdicts for event in verdict.events):
        data = event["data"]
        if event["type"] == "ShipDocked":
            empty = {"port": data["port"], "ships_now": 0, "visits": 0, "loaded": 0, "unloaded": 0}
            found.setdefault(data["port"], empty)["visits"] += 1
        elif event["type"] == "CargoLoaded":
            found[data["port"]]["loaded"] += data["quantity"]
        elif event["type"] == "CargoUnloaded":
            found[data["port"]]["unloaded"] += data["quantity"]
    for entity in entities:
        if entity.state is not None and entity.state["current_port"] is not None:
            found[entity.state["current_port"]]["ships_now"] += 1
    return list(found.values())


def accounts(entities: Mapping[str, Entity], logs: PartitionLogs, found: Iterable[Json]) -> Iterator[Json]:
    """One row for each account; what a closed one still shows is its projection's choice, but nothing new."""
    names = {
        event["subject"]: event["data"].get("username")
        for event in map(_json, logs.records["events"])
        if event.get("type") == "UserCreated"
    }
    shown = {row["user_id"]: row for row in found}
    for user_id, entity in entities.items():
        if entity.state is None:
            continue
        row = account_row(user_id, entity.version, {**entity.state, "username": names.get(user_id)})
        if row["deleted"]:
            hidden = [name for name in ("username", "balance") if shown.get(user_id, {}).get(name) is None]
            row |= dict.fromkeys(hidden)
        yield row


def journal(logs: PartitionLogs) -> Iterator[Json]:
    """One row for each event on the log; `time` in microseconds."""
    return (journal_row(logs.aggregate, event) for event in map(_json, logs.records["events"]))


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
    }


def outcomes(logs: PartitionLogs) -> Iterator[Json]:
    """One row for each reply on the log that is no repeat; `time` in microseconds."""
    for record in logs.records["replies"]:
        if (row := outcome_row(logs, record.offset, _json(record))) is not None:
            yield row


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


def _storable(value: object) -> object:
    # An invalid command is quoted as it came, and PostgreSQL holds every character but this one.
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def _json(record: Record) -> Json:
    try:
        value = parse(record.value or b"")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
