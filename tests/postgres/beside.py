"""Builds of ships beside each other, fed by hand with the same imagined events."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from service.postgres.alone import alone
from service.postgres.builds import next_offsets
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.projector import BuildTables
from service.postgres.schema import add, prepare_projections
from service.postgres.switching import Move, Terms, switch
from service.postgres.views import show_all
from service.projections.build import Build
from service.projections.level import Offsets
from service.projections.projection import Projection
from service.projections.stored import Source
from service.projections.taking import Taking
from tests.event_records import Record, event_record
from tests.postgres.ships_v2 import SHIPS

SOURCE = Source("ship", "events")
TOPIC = "ship.events"


def voyage(count: int, *, ships: int = 5, seed: int = 1) -> list[Record]:
    """So many events of some ships, all on one partition."""
    chance, versions, records = Random(seed), [0] * ships, list[Record]()
    for offset in range(count):
        ship = chance.randrange(ships)
        versions[ship] += 1
        port = chance.choice(["Oslo", "Riga"])
        moves: list[tuple[str, dict[str, Any]]] = [
            ("ShipDocked", {"port": port}),
            ("ShipDeparted", {"departed_from": port}),
            ("CargoLoaded", {"item": chance.choice(["tea", "salt"]), "quantity": 7, "port": port}),
        ]
        first = ("ShipRegistered", {"name": f"Ship {ship}"})
        happening = first if versions[ship] == 1 else chance.choice(moves)
        records.append(event_record(offset, f"ship-{ship}", versions[ship], happening, offset))
    return records


class Beside:
    """The first build, which is shown, and others."""

    def __init__(self, pool: Pool, names: Names) -> None:
        self.pool = pool
        self.names = names

    async def prepare(self, projection: Projection = SHIPS) -> Build:
        """The build that is shown."""
        await prepare_projections(self.pool, self.names, [projection])
        return projection.build()

    async def add(self, projection: Projection, number: int = 1) -> Build:
        """One beside it."""
        async with self.pool.acquire() as connection, alone(connection, self.names):
            await add(connection, self.names, projection, projection.build(number), followed=True)
            await show_all(connection, self.names)
        return projection.build(number)

    async def feed(self, projection: Projection, build: Build, records: Sequence[Record], reached: int) -> None:
        """Bring a build past those of these records that are before `reached`."""
        taking = Taking(projection, SOURCE, BuildTables(self.pool, self.names, build), TOPIC, 0)
        begin = await taking.begin(0)
        await taking.take(records[begin:reached], reached)

    async def switch(self, projection: Projection, build: Build, terms: Terms | None = None) -> Build | None:
        """Show a build that must stand where the other one does, and that nobody brings there."""

        async def nobody(_: Offsets) -> None:
            return

        return await switch(self.pool, self.names, Move(projection, build, dict, nobody, terms or Terms()))

    async def offset(self, build: Build) -> int:
        """Where it stands."""
        async with self.pool.acquire() as connection:
            return (await next_offsets(connection, self.names, build)).get((TOPIC, 0), 0)

    async def versions(self) -> dict[str, int]:
        """What readers see."""
        rows = await self.pool.fetch(f"SELECT ship_id, version FROM {self.names.public}.ships")  # noqa: S608
        return {ship: version for ship, version in rows}  # noqa: C416  # rows are no pairs to a type checker

    async def shown(self) -> str:
        """The label of the build that the registry says is shown."""
        query = f"SELECT version, build FROM {self.names.public}.versions WHERE current AND projection = 'ships'"  # noqa: S608
        return Build("ships", *tuple(await self.pool.fetchrow(query))).label
