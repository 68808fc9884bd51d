"""Writes messages into projections as a feed would, one partition for each topic."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson

from service.postgres.erasing import tables_of
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.projections import PROJECTIONS
from service.projections.batch import project_batch
from service.projections.stored import Source
from tests.event_records import COMMAND, NOON, Record, event_record

Happening = tuple[str, str, dict[str, Any]]
SEALED = {"alg": "A256GCM", "kid": COMMAND, "value": "A" * 40}


class Seeding:
    """Appends to imagined topics; every projection that reads a topic takes what was appended at once."""

    def __init__(self, pool: Pool, names: Names) -> None:
        self.names = names
        self.tables = {name: tables_of(pool, names, one.build()) for name, one in PROJECTIONS.items()}
        self._ends: Counter[Source] = Counter()
        self._versions: Counter[str] = Counter()

    async def events(self, aggregate: str, *happenings: Happening, minutes: Sequence[int] = (), **fields: Any) -> None:
        """Events as (entity id, type, data), a minute apart unless their minutes after noon are given.

        With other `fields` of the envelope where they are.
        """
        source = Source(aggregate, "events")
        records = []
        for place, (entity_id, type_, data) in enumerate(happenings):
            self._versions[entity_id] += 1
            version = self._versions[entity_id]
            minute = minutes[place] if minutes else version
            happening, offset = (type_, data), self._ends[source] + place
            records.append(event_record(offset, entity_id, version, happening, minute, **fields))
        await self._append(source, records)

    async def reply(self, aggregate: str, entity_id: str, command_id: str, **outcome: Any) -> None:
        """A reply."""
        source, value = Source(aggregate, "replies"), reply(entity_id, command_id, **outcome)
        await self._append(source, [Record(entity_id.encode(), value, 0, self._ends[source])])

    async def _append(self, source: Source, records: Sequence[Record]) -> None:
        topic = f"{self.names.prefix}{source.aggregate}.{source.kind}"
        for name, projection in PROJECTIONS.items():
            if source in projection.sources:
                since = await self.tables[name].standing(topic, 0, 0)
                batch = project_batch(projection, source, records, since.parked)
                await self.tables[name].apply(topic, 0, since, since.next_offset + len(records), batch)
        self._ends[source] += len(records)


def reply(entity_id: str, command_id: str, **outcome: Any) -> bytes:
    """What a handler answers."""
    data = {"code": None, "message": None, "entity_version": 1, "events": [], "duplicate": False, **outcome}
    envelope = {
        "id": str(uuid.uuid4()),
        "type": "CommandReply",
        "subject": entity_id,
        "time": NOON.isoformat(),
        "causationid": command_id,
        "data": data,
    }
    return orjson.dumps(envelope)
