"""Ports as ships make them: who lies there now, and what has gone through."""

from __future__ import annotations

from collections.abc import Iterable

from service.projections.projection import Add, Change, Projection, Upsert, View
from service.projections.stored import Source, Stored

# A ship may dock elsewhere without departing. Its berth, a row of its own, spares its event to say what it left;
# a counter that several ships share could not know.
TABLES = """
CREATE TABLE ports (
    port text PRIMARY KEY,
    visits bigint NOT NULL DEFAULT 0,
    loaded numeric NOT NULL DEFAULT 0,
    unloaded numeric NOT NULL DEFAULT 0
);
CREATE TABLE berths (
    ship_id text PRIMARY KEY,
    port text
);
CREATE INDEX ON berths (port);
"""

PORTS = """
SELECT port, (SELECT count(*) FROM berths WHERE berths.port = ports.port) AS ships_now, visits, loaded, unloaded
FROM ports
"""


def project(event: Stored) -> Iterable[Change]:
    """What an event does to the rows of a port and of a berth."""
    data = event.data
    match event.type:
        case "ShipRegistered":
            return []
        case "ShipDocked":
            port = data["port"]
            return [
                Upsert("berths", {"ship_id": event.entity_id}, {"port": port}),
                Add("ports", {"port": port}, {"visits": 1}),
            ]
        case "ShipDeparted":
            return [Upsert("berths", {"ship_id": event.entity_id}, {"port": None})]
        case "CargoLoaded":
            return [Add("ports", {"port": data["port"]}, {"loaded": data["quantity"]})]
        case "CargoUnloaded":
            return [Add("ports", {"port": data["port"]}, {"unloaded": data["quantity"]})]
        case unknown:
            raise ValueError(f"Unknown event: {unknown}")


PROJECTION = Projection("ports", 1, (Source("ship", "events"),), TABLES, {"ports": View(PORTS, ("port",))}, project)
