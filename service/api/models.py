"""The shapes of answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, PlainSerializer

from service.commands.identity import micros_of, render_time
from service.projections.answers import State

Item = TypeVar("Item")
Time = Annotated[datetime, PlainSerializer(lambda time: render_time(micros_of(time)), return_type=str)]


class Ship(BaseModel):
    """A ship at a version; `status` is registered, docked or at sea."""

    id: str
    version: int
    name: str
    status: str
    current_port: str | None
    cargo: dict[str, int]


class User(BaseModel):
    """An account at a version; `username` is "[protected]" to most readers, "[erased]" where nobody can see it."""

    id: str
    version: int
    username: str
    balance: int


class Port(BaseModel):
    """A port since its first ship."""

    port: str
    ships_now: int
    visits: int
    loaded: int
    unloaded: int


class Event(BaseModel):
    """An event; `causation_id` is its command's id."""

    event_id: UUID
    type: str
    version: int
    time: Time
    entity_id: str
    data: dict[str, Any]
    causation_id: UUID
    correlation_id: str | None


class Outcome(BaseModel):
    """What became of a command."""

    aggregate: str
    entity_id: str | None
    status: str
    code: str | None
    message: str | None
    entity_version: int | None
    events: list[dict[str, Any]]
    time: Time


class Progress(BaseModel):
    """The next offset that a projection will read."""

    projection: str
    version: int
    topic: str
    partition: int
    next_offset: int


class Page(BaseModel, Generic[Item]):
    """Part of a list; `next` leads to the part behind it, null at the end."""

    items: list[Item]
    next: str | None


class EventPage(BaseModel):
    """Some events in the order of versions; `next` goes into `after`, null at the end."""

    items: list[Event]
    next: int | None


class All(BaseModel, Generic[Item]):
    """A whole list."""

    items: list[Item]


def flat(state: State) -> Mapping[str, Any]:
    """A state with its id and version beside its fields."""
    return {"id": state.entity_id, "version": state.version, **state.fields}
