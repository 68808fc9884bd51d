"""The shapes of answers that many ships or users make together."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from service.api.models import Stale


class Port(BaseModel):
    """A port since its first ship; `stale` where any ship's part in it is."""

    port: str = Field(examples=["Singapore"])
    ships_now: int
    visits: int
    loaded: int
    unloaded: int
    stale: Stale


class Through(BaseModel):
    """What of an item went through a port on a day, in UTC."""

    day: date
    item: str = Field(examples=["electronics"])
    loaded: int = Field(examples=[500])
    unloaded: int = Field(examples=[0])


class ThroughputPage(BaseModel):
    """Some days and items in their order; `next` goes into `cursor`, null at the end."""

    items: list[Through]
    next: str | None
    stale: Stale


class Totals(BaseModel):
    """All there is; `balances` is the sum of those of all accounts that are not closed."""

    ships: dict[str, int] = Field(description="How many, by status", examples=[{"at sea": 70, "docked": 30}])
    cargo: dict[str, int] = Field(description="What is aboard, by item", examples=[{"electronics": 500}])
    ports: int
    accounts: int
    closed_accounts: int
    balances: int
    stale: Stale


class Progress(BaseModel):
    """The next offset of a partition that a build will read."""

    topic: str = Field(examples=["ship.events"])
    partition: int
    next_offset: int


class Build(BaseModel):
    """A making of a projection's rows, of which readers see the current one; `parked` counts what was put aside."""

    projection: str = Field(examples=["ships"])
    version: int = Field(examples=[1])
    build: int = Field(examples=[1])
    current: bool = Field(examples=[True])
    parked: int = Field(description="Ships, users or commands that a fault has put aside", examples=[0])
    partitions: list[Progress]
