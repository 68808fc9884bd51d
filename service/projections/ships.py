"""Ships as they are: where each lies and what is aboard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from service.projections.projection import Add, Change, Projection, Upsert, View
from service.projections.stored import Source, Stored

# In the order of characters, names that begin alike are neighbours.
TABLES = """
CREATE TABLE ships (
    ship_id text PRIMARY KEY,
    name text COLLATE "C",
    status text,
    current_port text,
    version bigint NOT NULL
);
CREATE INDEX ON ships (status, ship_id);
CREATE INDEX ON ships (current_port, ship_id) WHERE current_port IS NOT NULL;
CREATE INDEX ON ships (name, ship_id);
CREATE TABLE cargo (
    ship_id text,
    item text,
    quantity bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (ship_id, item)
);
CREATE INDEX ON cargo (item, ship_id);
"""

# An item that is unloaded to the last leaves a row of 0, which is no cargo.
SHIPS = """
SELECT ship_id, name, status, current_port, version,
    coalesce((
        SELECT jsonb_object_agg(item, quantity) FROM cargo
        WHERE cargo.ship_id = ships.ship_id AND quantity <> 0
    ), '{}') AS cargo
FROM ships
"""

CARGO = "SELECT ship_id, item, quantity FROM cargo WHERE quantity <> 0"


def project(event: Stored) -> Iterable[Change]:
    """What an event does to a ship's rows."""
    data = event.data
    match event.type:
        case "ShipRegistered":
            return [_ship(event, name=data["name"], status="registered", current_port=None)]
        case "ShipDocked":
            return [_ship(event, status="docked", current_port=data["port"])]
        case "ShipDeparted":
            return [_ship(event, status="at sea", current_port=None)]
        case "CargoLoaded":
            return [_ship(event), _cargo(event, data["quantity"])]
        case "CargoUnloaded":
            return [_ship(event), _cargo(event, -data["quantity"])]
        case unknown:
            raise ValueError(f"Unknown event: {unknown}")


def _ship(event: Stored, **values: Any) -> Upsert:
    return Upsert("ships", {"ship_id": event.entity_id}, {**values, "version": event.version})


def _cargo(event: Stored, change: int) -> Add:
    return Add("cargo", {"ship_id": event.entity_id, "item": event.data["item"]}, {"quantity": change})


VIEWS = {"ships": View(SHIPS, ("ship_id",)), "cargo": View(CARGO, ("ship_id", "item"))}

PROJECTION = Projection("ships", 1, (Source("ship", "events"),), TABLES, VIEWS, project)
