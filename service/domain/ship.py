"""The rules of a ship: `decide` says what follows from a command, `evolve` what it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from fairlead import ship
from fairlead.bounds import MAX_INTEGER, MAX_ITEMS
from fairlead.ship import (
    CargoLoaded,
    CargoUnloaded,
    DepartShip,
    DockShip,
    LoadCargo,
    RegisterShip,
    ShipDeparted,
    ShipDocked,
    ShipRegistered,
    UnloadCargo,
)
from service.domain.aggregate import Aggregate, InvalidHistory, Rejected
from service.domain.ship_state import AtSea, Docked, Registered, State, Unregistered, render

Command = RegisterShip | DockShip | DepartShip | LoadCargo | UnloadCargo
Event = ShipRegistered | ShipDocked | ShipDeparted | CargoLoaded | CargoUnloaded


def decide(command: Command, state: State, ship_id: str) -> Sequence[Event]:
    """The events that a command leads to; raises Rejected."""
    if isinstance(state, Unregistered):
        if isinstance(command, RegisterShip):
            return [ShipRegistered(name=command.name)]
        raise Rejected("not_found", f"Ship with ID {ship_id} not found")
    match command:
        case RegisterShip():
            raise Rejected("already_exists", f"Ship with ID {ship_id} already exists")
        case DockShip():
            return [ShipDocked(port=command.port)]
        case DepartShip():
            if not isinstance(state, Docked):
                raise Rejected("not_docked", "Ship is not docked at any port")
            return [ShipDeparted(departed_from=state.port)]
        case LoadCargo():
            return [_load(command, state)]
        case UnloadCargo():
            return [_unload(command, state)]
        case _:
            assert_never(command)


def _load(command: LoadCargo, state: State) -> CargoLoaded:
    if not isinstance(state, Docked):
        raise Rejected("not_docked", "Ship must be docked to load cargo")
    aboard = state.cargo.get(command.item, 0)
    if aboard + command.quantity > MAX_INTEGER:
        raise Rejected("out_of_range", "quantity would leave its range")
    if not aboard and len(state.cargo) >= MAX_ITEMS:
        raise Rejected("out_of_range", "cargo would leave its range")
    return CargoLoaded(item=command.item, quantity=command.quantity, port=state.port)


def _unload(command: UnloadCargo, state: State) -> CargoUnloaded:
    if not isinstance(state, Docked):
        raise Rejected("not_docked", "Ship must be docked to unload cargo")
    aboard = state.cargo.get(command.item, 0)
    if not aboard:
        raise Rejected("no_such_item", f"No {command.item} on the ship")
    if aboard < command.quantity:
        raise Rejected("not_enough_cargo", f"Not enough {command.item} on the ship")
    return CargoUnloaded(item=command.item, quantity=command.quantity, port=state.port)


def evolve(state: State, event: Event) -> State:
    """The state after an event; raises InvalidHistory."""
    if isinstance(state, Unregistered):
        if isinstance(event, ShipRegistered):
            return Registered(event.name)
        raise InvalidHistory("First event must be ShipRegistered")
    cargo: Mapping[str, int] = {} if isinstance(state, Registered) else state.cargo
    match event:
        case ShipRegistered():
            raise InvalidHistory("Only the first event can be ShipRegistered")
        case ShipDocked():
            return Docked(state.name, cargo, event.port)
        case ShipDeparted():
            return AtSea(state.name, cargo)
        case CargoLoaded():
            return _with_cargo(state, event.item, event.quantity)
        case CargoUnloaded():
            return _with_cargo(state, event.item, -event.quantity)
        case _:
            assert_never(event)


def _with_cargo(state: State, item: str, change: int) -> Docked:
    if not isinstance(state, Docked):
        raise InvalidHistory("Cargo moves only on a docked ship")
    cargo = dict(state.cargo)
    quantity = cargo.pop(item, 0) + change
    if quantity < 0:
        raise InvalidHistory(f"Not enough {item} on the ship")
    if quantity:
        cargo[item] = quantity
    return Docked(state.name, cargo, state.port)


def cause(event: Event) -> Command:
    """The command that decides this event."""
    match event:
        case ShipRegistered():
            return RegisterShip(name=event.name)
        case ShipDocked():
            return DockShip(port=event.port)
        case ShipDeparted():
            return DepartShip()
        case CargoLoaded():
            return LoadCargo(item=event.item, quantity=event.quantity)
        case CargoUnloaded():
            return UnloadCargo(item=event.item, quantity=event.quantity)
        case _:
            assert_never(event)


SHIP = Aggregate(
    name="ship",
    entity_id=ship.ENTITY_ID,
    commands=ship.COMMANDS,
    events=ship.EVENTS,
    first_event="ShipRegistered",
    states=(Unregistered, Registered, Docked, AtSea),
    initial=Unregistered(),
    decide=decide,
    evolve=evolve,
    cause=cause,
    render=render,
)
