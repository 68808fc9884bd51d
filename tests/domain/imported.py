"""A voyage that was written down elsewhere."""

from __future__ import annotations

from typing import Any

from service.domain import AGGREGATES
from tests.domain.partition import Partition, entity_id, envelope

SHIP, USER = entity_id(1), "42"
DAY = "2020-01-01T00:00:"


def event(number: int, type_: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"id": entity_id(100 + number), "time": f"{DAY}{number:02}.000001Z", "type": type_, "data": data}


VOYAGE = [
    event(1, "ShipRegistered", {"name": "Pacific Explorer"}),
    event(2, "ShipDocked", {"port": "Singapore"}),
    event(3, "CargoLoaded", {"item": "tea", "quantity": 5, "port": "Singapore"}),
    event(4, "ShipDeparted", {"departed_from": "Singapore"}),
]


def chunk(events: list[dict[str, Any]], first: int = 1, subject: str = SHIP) -> dict[str, Any]:
    return envelope("import_history", subject, {"first_version": first, "events": events})


def answer(partition: Partition, command: dict[str, Any]) -> tuple[str, str | None, str | None, int]:
    data = partition.ask(command)["data"]
    return data["status"], data["code"], data["message"], data["entity_version"]


def ships() -> Partition:
    return Partition(AGGREGATES["ship"])
