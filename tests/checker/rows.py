"""The rows that each projection must have, folded from decisions and whole logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from service.audit.entity import Entity
from service.audit.expected import object_in
from service.audit.messages import Verdict
from service.audit.records import Json, PartitionLogs, Record
from service.audit.rows import account_row, journal_row, outcome_row, ship_row


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
        for event in _objects(logs.records["events"])
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
    return (journal_row(logs.aggregate, event) for event in _objects(logs.records["events"]))


def outcomes(logs: PartitionLogs) -> Iterator[Json]:
    """One row for each reply on the log that is no repeat; `time` in microseconds."""
    for record in logs.records["replies"]:
        if (row := outcome_row(logs, record.offset, object_in(record) or {})) is not None:
            yield row


def _objects(records: Iterable[Record]) -> Iterator[Json]:
    return (object_in(record) or {} for record in records)
