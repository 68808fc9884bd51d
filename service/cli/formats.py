"""The notebook's two forms of an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.cli.times import as_offset
from service.domain import AGGREGATES

NOTEBOOK_SUFFIX = "Event"

# The database keeps fields in an order of its own; people read them in that of the contracts.
_FIELDS = {name: tuple(model.model_fields) for kind in AGGREGATES.values() for name, model in kind.events.items()}


def as_row(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event as in the notebook's file, which says of which version it is where that is not the first.

    Where its time is before that of an earlier one, it says which time was reached: by that it has its place.
    """
    version, time = event.get("schema_version", 1), event["time"]
    reached = event.get("reached", time)
    return {
        "event_id": str(event["event_id"]),
        "timestamp": as_offset(time),
        "event_type": event["type"],
        "entity_id": event["entity_id"],
        "data": data_in_order(event),
        **({"schema_version": version} if version > 1 else {}),
        **({"reached": as_offset(reached)} if reached != time else {}),
    }


def as_notebook(event: Mapping[str, Any]) -> dict[str, Any]:
    """A user's event as the notebook replays it: `event_id` is the user's id."""
    return {
        "event": data_in_order(event),
        "event_type": event["type"] + NOTEBOOK_SUFFIX,
        "event_id": event["entity_id"],
        "created_at": as_offset(event["time"]),
    }


def data_in_order(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event's data, its fields as the contracts declare them; those of a later version come last."""
    data: Mapping[str, Any] = event["data"]
    declared = [name for name in _FIELDS.get(event["type"], ()) if name in data]
    return {name: data[name] for name in dict.fromkeys((*declared, *data))}
