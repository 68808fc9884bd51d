"""The shapes of answers about one ship, user or command, and of lists."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from service.commands.identity import micros_of, render_time

Item = TypeVar("Item")
Time = Annotated[
    datetime,
    PlainSerializer(lambda time: render_time(micros_of(time)), return_type=str),
    Field(examples=["2026-11-24T18:20:00.123Z"]),
]
EntityId = Annotated[str, Field(examples=["7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"])]
CommandId = Annotated[UUID, Field(examples=["0b9c7e0e-6f0b-4c57-9d6b-0d3a3a5c1c11"])]
Version = Annotated[int, Field(examples=[3])]
Stale = Annotated[
    bool,
    Field(description="Whether a fault has put part of it aside, so that it is old or lacks some", examples=[False]),
]


class Ship(BaseModel):
    """A ship at a version; `status` is registered, docked or at sea."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10",
                    "version": 3,
                    "name": "Pacific Explorer",
                    "status": "docked",
                    "current_port": "Singapore",
                    "cargo": {"electronics": 500},
                    "stale": False,
                }
            ]
        }
    )

    id: EntityId
    version: Version
    name: str
    status: str
    current_port: str | None
    cargo: dict[str, int]
    stale: Stale


class User(BaseModel):
    """An account at a version; `username` is "[protected]" to most readers, "[erased]" where nobody can see it."""

    id: EntityId
    version: Version
    username: str = Field(examples=["[protected]"])
    balance: int = Field(examples=[360])
    stale: Stale


class Entity(BaseModel):
    """Whatever else can be asked after, at a version, beside it the fields that its rules render."""

    model_config = ConfigDict(extra="allow")

    id: EntityId
    version: Version
    stale: Stale


class Event(BaseModel):
    """An event; `causation_id` is its command's id."""

    event_id: UUID
    type: str = Field(examples=["CargoLoaded"])
    version: Version
    time: Time
    entity_id: EntityId
    data: dict[str, Any] = Field(examples=[{"item": "electronics", "quantity": 500, "port": "Singapore"}])
    causation_id: CommandId
    correlation_id: str | None


class Line(BaseModel):
    """What an event did to an account, and what it came to; a closed account has no balance."""

    version: Version
    time: Time
    type: str = Field(examples=["UserBalanceChanged"])
    change: int = Field(examples=[-40])
    balance: int | None = Field(examples=[360])
    event_id: UUID
    causation_id: CommandId


class Outcome(BaseModel):
    """What became of a command."""

    aggregate: str = Field(examples=["ship"])
    entity_id: str | None = Field(examples=["7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"])
    status: str = Field(examples=["accepted"])
    code: str | None = Field(examples=[None])
    message: str | None = Field(examples=[None])
    entity_version: int | None = Field(examples=[3])
    events: list[dict[str, Any]]
    time: Time


class Outcomes(BaseModel):
    """What became of the commands with an id, one for each entity; `stale` where some of them may be missing."""

    items: list[Outcome]
    stale: Stale


class Page(BaseModel, Generic[Item]):
    """Part of a list; `next` goes into `cursor` and leads to the part behind it, null at the end.

    It is `stale` where any that belongs into the list may be missing, or stands in it as it was.
    """

    items: list[Item]
    next: str | None
    stale: Stale


class EventPage(BaseModel):
    """Some events in the order of versions; `next` goes into `after`, null at the end."""

    items: list[Event]
    next: int | None
    stale: Stale


class Statement(BaseModel):
    """Some lines of an account in the order of versions; `next` goes into `after`, null at the end."""

    balance_before: int | None = Field(description="What it came to before the first of them", examples=[400])
    items: list[Line]
    next: int | None
    stale: Stale


class All(BaseModel, Generic[Item]):
    """A whole list."""

    items: list[Item]
