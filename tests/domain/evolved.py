"""Ships of a later release: an event and a command have other fields, and are of version 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field

from fairlead import ship
from fairlead.bounds import Message, Text
from fairlead.control import common_commands
from service.domain import AGGREGATES

SHIP = AGGREGATES["ship"]


def _at_port(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"port": data["departed_from"]}


def _at_berth(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"port": data["port"], "berth": "roads"}


class ShipDeparted(Message):
    """A ship left the port it lay in."""

    upcasters = (_at_port,)
    port: Text = Field(examples=["Singapore"])


class DockShip(Message):
    """Moor at a berth of a port."""

    upcasters = (_at_berth,)
    port: Text = Field(examples=["Singapore"])
    berth: Text = Field(examples=["7"])


EVENTS: Mapping[str, type[Message]] = {**SHIP.events, "ShipDeparted": ShipDeparted}


def _decide(command: Any, state: Any, ship_id: str) -> Sequence[Message]:
    said = ship.DockShip(port=command.port) if isinstance(command, DockShip) else command
    return [
        ShipDeparted(port=event.departed_from) if isinstance(event, ship.ShipDeparted) else event
        for event in SHIP.decide(said, state, ship_id)
    ]


def _evolve(state: Any, event: Any) -> Any:
    return SHIP.evolve(state, _former(event))


def _cause(event: Any) -> Message:
    cause = SHIP.cause(_former(event))
    return DockShip(port=cause.port, berth="roads") if isinstance(cause, ship.DockShip) else cause


def _former(event: Any) -> Any:
    return ship.ShipDeparted(departed_from=event.port) if isinstance(event, ShipDeparted) else event


LATER = replace(
    SHIP,
    commands={**SHIP.commands, "dock_ship": DockShip, **common_commands(EVENTS)},
    events=EVENTS,
    decide=_decide,
    evolve=_evolve,
    cause=_cause,
)
