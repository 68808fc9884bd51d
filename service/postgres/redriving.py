"""What waits behind parked entities is taken after all, in its order, once what failed has been mended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fairlead.versions import NewerVersion
from service.postgres.erasing import tables_of
from service.postgres.names import Names
from service.postgres.pool import Connection, Pool, reading_faults
from service.postgres.waiting import (
    Still,
    Waiting,
    count_waiting,
    forget,
    hold,
    next_waiting,
    park_anew,
    park_further,
    places,
    still_parked,
    unpark,
)
from service.projections.batch import Parked, RowsRefused, because, entity_of, project_batch
from service.projections.build import Build
from service.projections.projection import Projection
from service.projections.store import StoreUnavailable
from service.projections.stored import Source

# In one transaction, for which the partition's projector may have to wait.
_MESSAGES = 1_000
# Who goes through rows in another order than a projector can be the victim of a deadlock.
_TRIES = 5
_AFTER_ALL = 2**63 - 1

# An entity, and one of its offsets.
_Reached = tuple[str, int]


@dataclass(slots=True)
class Redriven:
    """How much was taken so far: entities that are parked no longer, and messages."""

    entities: int = 0
    messages: int = 0


@dataclass(slots=True)
class _Pass:
    """Going through what waits in a partition, of one entity or of all: who has failed in it so far."""

    topic: str
    partition: int
    only: str | None
    failed: dict[str, Parked] = field(default_factory=dict)


class Redriving:
    """Takes what waits in a build, which its projectors go on with meanwhile; `sources` are the topics that it reads.

    Each transaction takes some and forgets that they waited, so it may end anywhere and be begun again, or twice.
    """

    def __init__(
        self, pool: Pool, names: Names, projection: Projection, build: Build, sources: Mapping[str, Source]
    ) -> None:
        self._pool = pool
        self._notify = names.channel, build.name
        self._projection = projection
        self._sources = sources
        self._tables = tables_of(pool, names, build)
        self._schema = names.tables(build)

    async def waiting(self, only: str | None = None) -> int:
        """How many messages wait, of one entity or of all; raises StoreUnavailable."""
        with reading_faults():
            return await count_waiting(self._pool, self._schema, only)

    async def parked(self, only: str | None = None) -> list[Still]:
        """What is parked, of one entity or of all, the longest parked first; raises StoreUnavailable."""
        with reading_faults():
            return await still_parked(self._pool, self._schema, only)

    async def run(self, only: str | None, done: Redriven, told: Callable[[], None]) -> None:
        """Take what waits, of one entity or of all, up to what fails again; `done` grows, and is told.

        Raises StoreUnavailable.
        """
        with reading_faults():
            there = await places(self._pool, self._schema, only)
        for topic, partition in there:
            if topic in self._sources:
                at = _Pass(topic, partition, only)
                # Until nothing has come behind the place where one was.
                while await self._pass(at, done, told):
                    pass

    async def _pass(self, at: _Pass, done: Redriven, told: Callable[[], None]) -> bool:
        """Go once through what waits there; whether anything was taken."""
        before = done.messages
        after: _Reached | None = (at.only or "", -1)
        while after is not None:
            after = await self._step_at_last(at, after, done)
            told()
        return done.messages > before

    async def _step_at_last(self, at: _Pass, after: _Reached, done: Redriven) -> _Reached | None:
        for _ in range(_TRIES - 1):
            try:
                return await self._step(at, after, done)
            except StoreUnavailable:
                continue
        return await self._step(at, after, done)

    async def _step(self, at: _Pass, after: _Reached, done: Redriven) -> _Reached | None:
        """Take some in one transaction; up to where it went, None where nothing is left to go through."""
        place, schema = (at.topic, at.partition), self._schema
        failed = dict(at.failed)
        with reading_faults():
            async with self._pool.acquire() as connection, connection.transaction():
                await hold(connection, schema, place)
                records = await next_waiting(connection, schema, place, after, at.only, list(failed), _MESSAGES)
                await self._take(connection, self._sources[at.topic], records, failed)
                taken = [one for one in records if _is_taken(one, failed)]
                await forget(connection, schema, place, taken)
                await park_anew(connection, schema, place, {name: failed[name] for name in failed.keys() - at.failed})
                # At the end only: of each such turn the projector hears by failing, and then looks again.
                ends = len(records) < _MESSAGES
                gone = await unpark(connection, schema, place, at.only) if ends else 0
                if not ends:
                    await park_further(connection, schema, place, taken)
                await connection.execute("SELECT pg_notify($1, $2)", *self._notify)
        at.failed = failed
        done.messages += len(taken)
        done.entities += gone
        if ends:
            return None
        last = records[-1]
        return last.entity_id, _AFTER_ALL if entity_of(last) in failed else last.offset

    async def _take(
        self, connection: Connection, source: Source, records: list[Waiting], failed: dict[str, Parked]
    ) -> None:
        """Write the rows of these, but for those of entities that failed; those that do so are added to them."""
        try:
            batch = project_batch(self._projection, source, records, failed)
            async with connection.transaction():
                await self._tables.write(connection, batch)
        except (RowsRefused, NewerVersion) as refused:
            if len(records) == 1:
                reason = str(refused) if isinstance(refused, RowsRefused) else because(refused)
                failed[entity_of(records[0])] = Parked(records[0].offset, reason)
                return
            half = len(records) // 2
            await self._take(connection, source, records[:half], failed)
            await self._take(connection, source, records[half:], failed)
        else:
            failed |= batch.parked


def _is_taken(record: Waiting, failed: Mapping[str, Any]) -> bool:
    at = failed.get(entity_of(record))
    return at is None or record.offset < at.offset
