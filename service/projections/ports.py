"""Ports as ships make them: who lies there now, and what has gone through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
CREATE TABLE throughput (
    port text,
    day date,
    item text,
    loaded numeric NOT NULL DEFAULT 0,
    unloaded numeric NOT NULL DEFAULT 0,
    PRIMARY KEY (port, day, item)
);
"""

PORTS = """
SELECT port, (SELECT count(*) FROM berths WHERE berths.port = ports.port) AS ships_now, visits, loaded, unloaded
FROM ports
"""

THROUGHPUT = "SELECT port, day, item, loaded, unloaded FROM throughput"


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
            return _through(event, {"loaded": data["quantity"]})
        case "CargoUnloaded":
            return _through(event, {"unloaded": data["quantity"]})
        case unknown:
            raise ValueError(f"Unknown event: {unknown}")


def _through(event: Stored, quantity: Mapping[str, int]) -> Iterable[Change]:
    port = {"port": event.data["port"]}
    # A day begins and ends in UTC, as the event's time does.
    return [
        Add("ports", port, quantity),
        Add("throughput", {**port, "day": event.time.date(), "item": event.data["item"]}, quantity),
    ]


VIEWS = {"ports": View(PORTS, ("port",)), "throughput": View(THROUGHPUT, ("port", "day", "item"))}

PROJECTION = Projection("ports", 1, (Source("ship", "events"),), TABLES, VIEWS, project)
