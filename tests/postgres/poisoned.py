"""A build with messages that its function does not take, and the same with a mended one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.projector import BuildTables
from service.postgres.redriving import Redriven, Redriving
from service.postgres.schema import prepare_projections
from service.projections.projection import Change, Projection
from service.projections.stored import Source, Stored
from service.projections.taking import Taking
from tests.event_records import Record, event_record

TOPIC = "ship.events"
SHIP_EVENTS = Source("ship", "events")


def poisoned(projection: Projection, poison: Collection[str]) -> Projection:
    """The projection with a function that does not take the events of these ids."""

    def project(event: Stored) -> Iterable[Change]:
        if event.id in poison:
            raise RuntimeError(f"poison: {event.id}")
        return projection.project(event)

    return replace(projection, project=project)


def docked(offset: int, ship: str, port: Any = "Oslo") -> Record:
    """A ship that docks; the event's id is its offset."""
    return event_record(offset, ship, offset + 1, ("ShipDocked", {"port": port}), id=str(offset))


@dataclass(slots=True)
class Build:
    """A build of a projection, the first of whose partitions is written and redriven here."""

    pool: Pool
    names: Names
    projection: Projection
    sources: Mapping[str, Source] = field(default_factory=lambda: {TOPIC: SHIP_EVENTS})

    async def prepare(self) -> None:
        """Make its tables."""
        await prepare_projections(self.pool, self.names, [self.projection])

    def taking(self, poison: Collection[str] = (), partition: int = 0) -> Taking:
        """One who takes messages with such a function."""
        code = poisoned(self.projection, poison)
        tables = BuildTables(self.pool, self.names, code.build())
        return Taking(code, SHIP_EVENTS, tables, TOPIC, partition)

    async def take(self, records: Sequence[Record], poison: Collection[str] = ()) -> Taking:
        """Have these taken, as the first ones or the next ones."""
        taking = self.taking(poison)
        await taking.begin(0)
        await taking.take(records, records[-1].offset + 1)
        return taking

    def redriving(self, poison: Collection[str] = ()) -> Redriving:
        """One who takes what waits with such a function."""
        code = poisoned(self.projection, poison)
        return Redriving(self.pool, self.names, code, code.build(), self.sources)

    async def redrive(self, poison: Collection[str] = (), only: str | None = None) -> Redriven:
        """Take what waits; what was taken."""
        done = Redriven()
        await self.redriving(poison).run(only, done, lambda: None)
        return done

    async def rows(self, table: str) -> list[tuple[Any, ...]]:
        """All rows of one of its tables, in an order of their own."""
        schema = self.names.tables(self.projection.build())
        return [tuple(row) for row in await self.pool.fetch(f"SELECT t.* FROM {schema}.{table} AS t ORDER BY t")]  # noqa: S608
