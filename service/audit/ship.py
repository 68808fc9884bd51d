"""A ship as a dict, by the table of rules in the contract."""

from __future__ import annotations

from service.audit.contract import LIMIT
from service.audit.matching import Open
from service.audit.records import Json

MAX_ITEMS = 1_000


class Refusal(Exception):
    """A rule says no."""

    def __init__(self, code: str, message: str | Open) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def decide(type_: str, data: Json, ship: Json | None, ship_id: str) -> tuple[str, Json]:
    """The event of a command; raises Refusal."""
    if type_ == "register_ship":
        if ship is not None:
            raise Refusal("already_exists", f"Ship with ID {ship_id} already exists")
        return "ShipRegistered", {"name": data["name"]}
    if ship is None:
        raise Refusal("not_found", f"Ship with ID {ship_id} not found")
    if type_ == "dock_ship":
        return "ShipDocked", {"port": data["port"]}
    port = ship["current_port"]
    if type_ == "depart_ship":
        if port is None:
            raise Refusal("not_docked", "Ship is not docked at any port")
        return "ShipDeparted", {"departed_from": port}
    if port is None:
        raise Refusal("not_docked", f"Ship must be docked to {type_.removesuffix('_cargo')} cargo")
    moved = {"item": data["item"], "quantity": data["quantity"], "port": port}
    if type_ == "load_cargo":
        _check_room(data, ship["cargo"])
        return "CargoLoaded", moved
    _check_stock(data, ship["cargo"])
    return "CargoUnloaded", moved


def _check_room(data: Json, cargo: Json) -> None:
    if cargo.get(data["item"], 0) + data["quantity"] > LIMIT:
        raise Refusal("out_of_range", "quantity would leave its range")
    if data["item"] not in cargo and len(cargo) == MAX_ITEMS:
        # The contract does not say what the number of items is called.
        raise Refusal("out_of_range", Open(r"\w+ would leave its range", "cargo would leave its range"))


def _check_stock(data: Json, cargo: Json) -> None:
    item = data["item"]
    if item not in cargo:
        raise Refusal("no_such_item", f"No {item} on the ship")
    if cargo[item] < data["quantity"]:
        raise Refusal("not_enough_cargo", f"Not enough {item} on the ship")


def apply(type_: str, data: Json, ship: Json | None) -> Json:
    """The ship after an event that was decided for it; the ship itself is left as it was."""
    if ship is None:
        return {"name": data["name"], "status": "registered", "current_port": None, "cargo": {}}
    if type_ == "ShipDocked":
        return {**ship, "status": "docked", "current_port": data["port"]}
    if type_ == "ShipDeparted":
        return {**ship, "status": "at sea", "current_port": None}
    cargo, item = dict(ship["cargo"]), data["item"]
    cargo[item] = cargo.get(item, 0) + (data["quantity"] if type_ == "CargoLoaded" else -data["quantity"])
    if not cargo[item]:
        del cargo[item]
    return {**ship, "cargo": cargo}


def as_command(type_: str, data: Json) -> tuple[str, Json]:
    """The command that an imported event would have come from."""
    if type_ == "ShipRegistered":
        return "register_ship", data
    if type_ == "ShipDocked":
        return "dock_ship", data
    if type_ == "ShipDeparted":
        return "depart_ship", {}
    return ("load_cargo" if type_ == "CargoLoaded" else "unload_cargo"), data
