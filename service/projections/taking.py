"""One partition taken into a build, batch after batch, whatever is in it."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from fairlead.versions import NewerVersion
from service.projections.batch import all_waiting, project_batch
from service.projections.projection import Projection
from service.projections.store import RowsRefused, Standing, Store
from service.projections.stored import Record, Source

log = structlog.get_logger()


class Taking:
    """Reads nothing itself; `standing` is where the store stood when it was asked last."""

    def __init__(self, projection: Projection, source: Source, store: Store, topic: str, partition: int) -> None:
        self.standing = Standing(0)
        self._projection = projection
        self._source = source
        self._store = store
        self._place = topic, partition

    async def begin(self, beginning: int) -> int:
        """What is to be read next, which is `beginning` where nothing ever was; raises as `Store.standing`."""
        self.standing = await self._store.standing(*self._place, beginning)
        return self.standing.next_offset

    async def take(self, records: Sequence[Record], reached: int) -> None:
        """Bring the rows past these records, and so to `reached`; a message that cannot be taken parks its entity.

        Raises OffsetMoved, StoreUnavailable, and NewerVersion once all that is before such a message is taken.
        """
        try:
            batch = project_batch(self._projection, self._source, records, self.standing.parked)
            self.standing = await self._store.apply(*self._place, self.standing, reached, batch)
        except (RowsRefused, NewerVersion) as refused:
            if len(records) > 1:
                half = len(records) // 2
                await self.take(records[:half], records[half].offset)
                await self.take(records[half:], reached)
                return
            if isinstance(refused, NewerVersion):
                raise
            batch = all_waiting(records[0], str(refused))
            self.standing = await self._store.apply(*self._place, self.standing, reached, batch)
        for entity_id, at in batch.parked.items():
            log.error(
                "parked",
                projection=self._projection.name,
                entity=entity_id,
                topic=self._place[0],
                partition=self._place[1],
                offset=at.offset,
                reason=at.reason,
            )
