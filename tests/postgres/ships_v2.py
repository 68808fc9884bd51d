"""A second version of ships, as somebody would make it: each ship has a count of its voyages, and cargo is not told."""

from __future__ import annotations

from collections.abc import Iterable

from service.projections import ships
from service.projections.projection import Add, Change, Projection, View
from service.projections.stored import Stored

SHIPS = ships.PROJECTION
TABLES = SHIPS.tables.replace("version bigint NOT NULL", "version bigint NOT NULL, voyages bigint NOT NULL DEFAULT 0")
VIEW = "SELECT ship_id, name, status, current_port, version, '{}'::jsonb AS cargo, voyages FROM ships"
HEAVY = "SELECT ship_id, item, quantity FROM cargo WHERE quantity > 100"


def project(event: Stored) -> Iterable[Change]:
    """As before, and a departure begins a voyage."""
    yield from SHIPS.project(event)
    if event.type == "ShipDeparted":
        yield Add("ships", {"ship_id": event.entity_id}, {"voyages": 1})


SHIPS_2 = Projection(
    "ships",
    2,
    SHIPS.sources,
    TABLES,
    {"ships": View(VIEW, ("ship_id",)), "heavy_cargo": View(HEAVY, ("ship_id", "item"))},
    project,
)
