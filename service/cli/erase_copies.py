"""Every copy of what tells who somebody is, looked into one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from fairlead.kafka.partitions import partition_of
from service.cli.erase_certificate import Copy, Shown
from service.cli.erase_key import key_copy
from service.cli.erase_named import NAMED
from service.cli.progress import follow, progress_of_known
from service.cli.times import of_millis
from service.commands.ports import Record
from service.commands.traces import Seeker, Traces
from service.domain import Aggregate
from service.kafka.connection import connection
from service.kafka.copies import read_copies
from service.kafka.retention import retention_of
from service.kafka.topics import Topics, partition_count
from service.settings import Settings

if TYPE_CHECKING:
    from service.postgres.forgetting import Forgetting

_LOOKED = "every record of theirs, those of aborted transactions too"
_SEALED = f"{_LOOKED}: what is personal is sealed, and nothing else tells the name"
_RESTS = f"{_LOOKED}, in all partitions; the broker removes whole segments, hence two times for each"
_STAYS = f"{_LOOKED}, in all partitions; retention.ms of the topic has the broker remove none of them"
_ROWS = (
    "every row of theirs in every table of every projection: what is personal is sealed, nothing else tells the name"
)


@dataclass(slots=True)
class Inspection:
    """Of one person; `names` are all that they are known by so far, `kids` the keys of what is sealed."""

    settings: Settings
    aggregate: Aggregate
    entity_id: str
    names: set[str]
    kids: set[str] = field(default_factory=set)

    async def all_copies(self, forgetting: Forgetting, *, came_back: bool) -> list[Copy]:
        """Look into all; `came_back` as for the key's own. Raises LookupError where topics are missing."""
        count = await partition_count(connection(self.settings), Topics(self.aggregate.name, self.settings.prefix))
        everywhere, own = range(count), [partition_of(self.entity_id.encode(), count)]
        # First what tells a name, so that the rest can be searched for it.
        resting = [await self._resting(kind, everywhere) for kind in ("commands", "dead-letters")]
        sealed = [
            await self._sealed(kind, partitions)
            for kind, partitions in (("events", own), ("snapshots", own), ("replies", everywhere))
        ]
        sealed.append(await self._rows(forgetting))
        key = await key_copy(forgetting, self.aggregate.name, self.entity_id, self.kids, came_back=came_back)
        return [key, *sealed, *resting, *NAMED]

    async def _resting(self, kind: str, partitions: Collection[int]) -> Copy:
        topic, seeker, found = self._topic(kind), self._seeker(), 0
        shown: list[Shown] = []
        kept = await retention_of(connection(self.settings), topic)
        async for place, record in self._records(topic, partitions):
            found += 1
            if (traces := seeker.message(record.value, record.headers)).plain:
                self.names |= traces.names
                until, by = kept.readable_until(record.timestamp), kept.removed_by(record.timestamp)
                shown.append(Shown(place, traces.plain, of_millis(until), of_millis(by)))
        if not shown:
            return Copy(kind, topic, _RESTS, "none", found)
        shown.sort(key=lambda one: (one.removed_by or "", one.place))
        if not all(one.removed_by for one in shown):
            return Copy(kind, topic, _STAYS, "READABLE", found, shown=shown)
        return Copy(kind, topic, _RESTS, "rests", found, shown[-1].removed_by, shown)

    async def _sealed(self, kind: str, partitions: Collection[int]) -> Copy:
        topic, seeker = self._topic(kind), self._seeker()
        found = [
            (place, seeker.message(record.value, record.headers))
            async for place, record in self._records(topic, partitions)
        ]
        return self._judged(kind, topic, _SEALED, found)

    async def _rows(self, forgetting: Forgetting) -> Copy:
        seeker = self._seeker()
        found: list[tuple[str, Traces]] = []
        tables = await forgetting.tables()
        with progress_of_known(transient=True) as bars:
            task = bars.add_task("Reading pages of tables", total=sum(table.pages for table in tables))
            for table in tables:
                async for pages, rows in forgetting.mentions(table, self.entity_id):
                    bars.advance(task, pages)
                    found += [(table.place, seeker.row(row)) for row in rows]
        return self._judged("rows", "PostgreSQL", _ROWS, found)

    def _judged(self, copy: str, place: str, checked: str, found: Sequence[tuple[str, Traces]]) -> Copy:
        kids = {kid for _, traces in found for kid in traces.kids}
        self.kids |= kids
        shown = [Shown(place, traces.plain) for place, traces in found if traces.plain]
        return Copy(
            copy, place, checked, "READABLE" if shown else "sealed" if kids else "none", len(found), shown=shown
        )

    def _topic(self, kind: str) -> str:
        return Topics(self.aggregate.name, self.settings.prefix).name(kind)

    def _seeker(self) -> Seeker:
        return Seeker(
            (name for names in self.aggregate.personal.values() for name in names), self.entity_id, self.names
        )

    async def _records(self, topic: str, partitions: Collection[int]) -> AsyncIterator[tuple[str, Record]]:
        """The person's records, each with its place."""
        key = self.entity_id.encode()
        quoted = orjson.dumps(self.entity_id)
        with progress_of_known(transient=True) as bars:
            progress = follow(bars, f"Reading {topic}")
            reading = read_copies(connection(self.settings), topic, partitions, "read_uncommitted", progress)
            async with aclosing(reading):
                async for partition, records in reading:
                    for record in records:
                        if record.key == key or (quoted in (record.value or b"") and _is_about(record, self.entity_id)):
                            yield f"{topic}[{partition}] offset {record.offset}", record


def _is_about(record: Record, entity_id: str) -> bool:
    """Whether a record under another key speaks of somebody, and does not just mention the id."""
    try:
        said = orjson.loads(record.value or b"")
    except orjson.JSONDecodeError:
        return True
    return not isinstance(said, dict) or said.get("subject", entity_id) == entity_id
