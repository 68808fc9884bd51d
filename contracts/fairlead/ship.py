"""What can be asked of a ship and what can have happened to it.

These names and fields are the storage format: they stay for ever.
"""

from __future__ import annotations

from pydantic import Field

from fairlead.bounds import Message, Quantity, ShipId, Text
from fairlead.control import common_commands


class RegisterShip(Message):
    """Make a ship known by its name."""

    name: Text = Field(examples=["Pacific Explorer"])


class DockShip(Message):
    """Moor at a port."""

    port: Text = Field(examples=["Singapore"])


class DepartShip(Message):
    """Leave the port."""


class LoadCargo(Message):
    """Take cargo aboard."""

    item: Text = Field(examples=["electronics"])
    quantity: Quantity = Field(examples=[500])


class UnloadCargo(Message):
    """Bring cargo ashore."""

    item: Text = Field(examples=["electronics"])
    quantity: Quantity = Field(examples=[500])


class ShipRegistered(Message):
    """A ship became known."""

    name: Text = Field(examples=["Pacific Explorer"])


class ShipDocked(Message):
    """A ship moored."""

    port: Text = Field(examples=["Singapore"])


class ShipDeparted(Message):
    """A ship left the port it lay in."""

    departed_from: Text = Field(examples=["Singapore"])


class CargoLoaded(Message):
    """Cargo came aboard."""

    item: Text = Field(examples=["electronics"])
    quantity: Quantity = Field(examples=[500])
    port: Text = Field(examples=["Singapore"])


class CargoUnloaded(Message):
    """Cargo went ashore."""

    item: Text = Field(examples=["electronics"])
    quantity: Quantity = Field(examples=[500])
    port: Text = Field(examples=["Singapore"])


EVENTS: dict[str, type[Message]] = {
    "ShipRegistered": ShipRegistered,
    "ShipDocked": ShipDocked,
    "ShipDeparted": ShipDeparted,
    "CargoLoaded": CargoLoaded,
    "CargoUnloaded": CargoUnloaded,
}

COMMANDS: dict[str, type[Message]] = {
    "register_ship": RegisterShip,
    "dock_ship": DockShip,
    "depart_ship": DepartShip,
    "load_cargo": LoadCargo,
    "unload_cargo": UnloadCargo,
    **common_commands(EVENTS),
}

ENTITY_ID = ShipId
