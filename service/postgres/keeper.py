"""Keeps states between the events of the journal: a moment of a long history then costs no more than of a short one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from service.postgres.folded import FOLDINGS
from service.postgres.names import Names
from service.postgres.pool import Connection, Pool, reading_faults
from service.postgres.signals import Signals
from service.projections.build import Build
from service.projections.journal import KEPT_EVERY
from service.projections.store import StoreUnavailable
from service.status import Part

log = structlog.get_logger()

_BACKOFF_SECONDS = 1.0
# A state that is kept a little later costs a reader some events more; meanwhile one look does for many signals.
_LOOK_SECONDS = 0.5
# The feeds of the same process have the rest of its core.
_REST = 3

# Of however many there are, no statement takes long: a single one for all of them might never end in time.
_AT_ONCE = 5_000

_FORGET = """
WITH looked AS (
    SELECT ctid, entity_id, version, fold FROM {schema}.kept
    WHERE aggregate = $1 AND (entity_id, version) > ($3, $4) ORDER BY entity_id, version LIMIT $5
), other AS (
    DELETE FROM {schema}.kept WHERE ctid = ANY(ARRAY(SELECT ctid FROM looked WHERE fold <> $2)) AND fold <> $2
    RETURNING aggregate, entity_id, version
), due_again AS (
    INSERT INTO {schema}.due SELECT aggregate, entity_id, version FROM other ON CONFLICT DO NOTHING
)
SELECT entity_id, version FROM looked ORDER BY entity_id DESC, version DESC LIMIT 1
"""
# Rows and deletion together may be lost by a server that crashes: then they are due again. As an array, since what is
# looked for by IN may be looked for anew for each row, and then all of them go at once.
_TAKE = """
DELETE FROM {schema}.due WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM {schema}.due WHERE aggregate = ANY($1)
    ORDER BY aggregate, entity_id, version LIMIT 1 FOR UPDATE SKIP LOCKED
)) RETURNING aggregate, entity_id, version, set_config('synchronous_commit', 'off', true)
"""
_BEFORE = """
SELECT version, reached, state FROM {schema}.kept
WHERE aggregate = $1 AND entity_id = $2 AND version <= $3 AND fold = $4 ORDER BY version DESC LIMIT 1
"""
_EVENTS = """
SELECT version, type, time, data, schema_version FROM {schema}.journal
WHERE aggregate = $1 AND entity_id = $2 AND version > $3 AND version <= $4 ORDER BY version
"""
_KEEP = """
INSERT INTO {schema}.kept VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (aggregate, entity_id, version)
DO UPDATE SET fold = excluded.fold, state = excluded.state
"""


class Keeper:
    """Runs beside the feed of a build of the journal; several share the work."""

    def __init__(self, pool: Pool, names: Names, build: Build, signals: Signals) -> None:
        self._pool = pool
        self._signals = signals
        self._forget, self._take, self._before, self._events, self._keep = (
            query.format(schema=names.tables(build)) for query in (_FORGET, _TAKE, _BEFORE, _EVENTS, _KEEP)
        )
        self._part = Part(f"{build.label} kept states", "starting", ready=True)

    async def run(self) -> None:
        """Keep what is due until cancelled, over lost connections."""
        while True:
            try:
                with reading_faults():
                    await self._follow()
            except StoreUnavailable as fault:
                reason = f"the store does not answer: {fault}"
                self._part = replace(self._part, state="waiting", ready=False, reason=reason)
            await asyncio.sleep(_BACKOFF_SECONDS)

    async def ready(self) -> None:
        """Return at once: reads are right without it, if slower."""

    def status(self) -> Sequence[Part]:
        """Whether it keeps up."""
        return [self._part]

    async def forget_others(self) -> None:
        """Have all states due again that other code has folded."""
        for aggregate, folding in FOLDINGS.items():
            after: Sequence[str | int] | None = ("", 0)
            while after is not None:
                after = await self._pool.fetchrow(self._forget, aggregate, folding.fold, *after, _AT_ONCE)
                self._part = replace(self._part, state="following", ready=True, reason=None)

    async def keep_one(self) -> bool:
        """Keep the first state that is due and that nobody else is at; whether there was one.

        What a later release has due of its own aggregates waits for it.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            due = await connection.fetchrow(self._take, list(FOLDINGS))
            if due is None:
                return False
            aggregate, entity_id, version, _ = due
            await self._fold(connection, aggregate, entity_id, version)
        return True

    async def _follow(self) -> None:
        await self.forget_others()
        loop = asyncio.get_running_loop()
        while True:
            moved = self._signals.next("journal")
            began = loop.time()
            while await self.keep_one():
                await asyncio.sleep(_REST * (loop.time() - began))
                began = loop.time()
            await asyncio.sleep(_LOOK_SECONDS)
            await moved.wait()

    async def _fold(self, connection: Connection, aggregate: str, entity_id: str, last: int) -> None:
        """Fold on to this version, and keep every state on the way that readers look for."""
        folding = FOLDINGS[aggregate]
        kept = await connection.fetchrow(self._before, aggregate, entity_id, last, folding.fold)
        folded = folding.unpack(kept)
        for end in range(folded.version + KEPT_EVERY, last + 1, KEPT_EVERY):
            events = await connection.fetch(self._events, aggregate, entity_id, folded.version, end)
            try:
                for event in events:
                    folded = folding.on(folded, event)
                state = folding.pack(folded)
            except Exception as error:  # noqa: BLE001  # it is only for speed: others are kept, and who reads meets it
                why = type(error).__name__
                log.error("state not kept", aggregate=aggregate, entity=entity_id, version=end, error=why)  # noqa: TRY400  # as above
                return
            row = (aggregate, entity_id, folded.version, folded.reached, folding.fold, state)
            await connection.execute(self._keep, *row)
