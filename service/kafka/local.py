"""What a partition's owner knows, on its own disk and in memory, and how far that has come in the logs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from service.commands.entities import Entities
from service.commands.ports import Draft, LocalStore
from service.commands.stored import Entity
from service.kafka.checkpoint import Checkpoint
from service.kafka.standpoint import Standpoint, standpoint_of
from service.kafka.terms import Terms
from service.kafka.whole import whole

# How an entity, an outcome or the standpoint is kept: another number for another shape.
_SHAPE = 1


class Local:
    """One partition's `entities` and the `standpoint` of what is known of them.

    There are none yet where its store is not `warm`, but another's or unfinished: that is to be renewed first.
    """

    def __init__(self, terms: Terms, store: LocalStore) -> None:
        ids = "ids" if terms.allow_import else ""
        self._stamp = "/".join((str(_SHAPE), terms.shelf.boot, terms.snapshots.fold, terms.topics.events, ids))
        self._terms = terms
        self._store = store
        found = standpoint_of(store, self._stamp)
        self.warm = found is not None
        if found:
            self._know(found)

    def _know(self, standpoint: Standpoint) -> None:
        terms = self._terms
        initial = Entity(terms.aggregate.initial)
        self.standpoint = standpoint
        self.entities = Entities(initial, terms.snapshots.states, self._store, cached=terms.cached)
        self.entities.clock = standpoint.clock

    async def renew(self) -> None:
        """Forget everything."""
        self.warm = False
        await whole(asyncio.to_thread(self._store.renew))
        self._know(Standpoint(self._stamp))

    @property
    def unflushed(self) -> int:
        """How many outcomes, or entities if there are more of them, a flush would write."""
        changes = self.entities.unflushed
        return max(len(changes.outcomes), len(changes.entities))

    async def flush(self, *, finished: bool = True) -> None:
        """Have the store keep all that is known, and, unless it is not `finished`, how far that is."""
        at = self.standpoint
        at.clock = self.entities.clock
        for write in self.entities.flush(at.packed() if finished else {}, at.floors.generation):
            # A disk that hangs shall not hold up heartbeats and other partitions, and no store is closed in mid-write.
            await (asyncio.sleep(0) if write is None else whole(asyncio.to_thread(write)))
        # Not before the store knows what was held when they were swept.
        self.entities.drop_changed(at.floors.generation - at.floors.sweeping)
        at.floors.turn(at.events.next_offset)

    def wrote(self, checkpoint: Checkpoint, lasts: Mapping[str, int], drafts: Mapping[str, Sequence[Draft]]) -> None:
        """Know that all this is committed; `lasts` has the offset of the last record by topic."""
        at, topics = self.standpoint, self._terms.topics
        at.checkpoint = checkpoint
        for topic, log in ((topics.events, at.events), (topics.replies, at.replies), (topics.snapshots, at.snapshots)):
            if topic in lasts:
                log.passed(lasts[topic], drafts[topic][-1].value)
