"""The notebook's two forms of an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.cli.times import as_offset

NOTEBOOK_SUFFIX = "Event"


def as_row(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event as in the notebook's file."""
    return {
        "event_id": event["event_id"],
        "timestamp": as_offset(event["time"]),
        "event_type": event["type"],
        "entity_id": event["entity_id"],
        "data": event["data"],
    }


def as_notebook(event: Mapping[str, Any]) -> dict[str, Any]:
    """A user's event as the notebook replays it: `event_id` is the user's id."""
    return {
        "event": event["data"],
        "event_type": event["type"] + NOTEBOOK_SUFFIX,
        "event_id": event["entity_id"],
        "created_at": as_offset(event["time"]),
    }
