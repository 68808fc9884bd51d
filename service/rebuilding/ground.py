"""What work on builds stands on: the database, the brokers, and the code of one projection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from service.kafka.connection import connection
from service.kafka.feed import sources_of
from service.kafka.logs import Logs, open_logs
from service.postgres.builds import Listed, all_builds, next_offsets, parked_count
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool, passing_faults
from service.postgres.schema import require_same
from service.postgres.signals import Signals, open_signals
from service.projections import every_version
from service.projections.build import Build
from service.projections.level import Offsets, Place
from service.projections.projection import Projection
from service.projections.store import Store
from service.projections.stored import Source
from service.projections.taking import Taking
from service.settings import Settings

_ASKED_SECONDS = 5.0


class NoCode(LookupError):
    """The version of a build is unknown to this release; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Ground:
    """All of it, for the projection `name`, for all where it is none; `kafka` is how to reach the brokers."""

    settings: Settings
    name: str | None
    kafka: Mapping[str, Any]
    pool: Pool
    names: Names
    signals: Signals

    async def builds(self) -> list[Listed]:
        """The projection's builds, none where no projector has ever come up; raises StoreUnavailable."""
        return await all_builds(self.pool, self.names, self.name)

    async def offsets(self, build: Build) -> Offsets:
        """Where a build stands; raises LookupError where it is gone, and StoreUnavailable."""
        with passing_faults():
            return await next_offsets(self.pool, self.names, build)

    async def parked(self, build: Build) -> int:
        """How many entities wait in a build; raises as `offsets`."""
        with passing_faults():
            return await parked_count(self.pool, self.names, build)

    def sources(self, projection: Projection) -> dict[str, Source]:
        """As `sources_of`."""
        return sources_of(self.settings.prefix, projection)

    def takings(self, projection: Projection, store: Store, places: Collection[Place]) -> dict[Place, Taking]:
        """What takes each of these into a store by this code."""
        sources = self.sources(projection)
        return {place: Taking(projection, sources[place[0]], store, *place) for place in places}

    def logs(self, *projections: Projection) -> AbstractAsyncContextManager[Logs]:
        """The logs that these versions read, as `open_logs`."""
        return open_logs(self.kafka, {topic for one in projections for topic in self.sources(one)})


@asynccontextmanager
async def open_ground(settings: Settings, name: str | None = None) -> AsyncIterator[Ground]:
    """Ground to work on; raises StoreUnavailable where there is no database."""
    names = Names(settings.prefix, settings.reader_role)
    pooled = open_pool(settings.database_url.get_secret_value(), patience_s=_ASKED_SECONDS)
    async with pooled as pool, open_signals(pool, names) as signals:
        yield Ground(settings, name, connection(settings), pool, names, signals)


def code_of(listed: Listed) -> Projection:
    """The code that made a build's rows; raises NoCode, and ChangedProjection where it is another."""
    code = every_version().get((listed.build.name, listed.build.version))
    if code is None:
        raise NoCode(
            f"This release has no code for {listed.build.label}: use one that has, or add its code to EARLIER in "
            "service/projections/__init__.py"
        )
    require_same(code, listed)
    return code
