"""What the queries found, in the shapes of answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.api.models import Event, EventPage, Page, Ship
from service.projections.answers import Slice, State


def flat(state: State) -> Mapping[str, Any]:
    """A state with its id, version and staleness beside its fields."""
    return {"id": state.entity_id, "version": state.version, "stale": state.stale, **state.fields}


def page_of_ships(found: Slice[State, str]) -> Page[Ship]:
    """Ships in the order of ids."""
    return Page(items=[Ship.model_validate(flat(ship)) for ship in found.items], next=found.next, **found.others)


def page_of_events(found: Slice[Mapping[str, Any], int]) -> EventPage:
    """Events in the order of versions."""
    return EventPage(items=[Event.model_validate(row) for row in found.items], next=found.next, **found.others)
