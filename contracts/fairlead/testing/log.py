"""The events of one aggregate in memory, in the bytes of the contracts and on one partition."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson

from fairlead.bounds import Message
from fairlead.envelope import EventRef, schema_id
from fairlead.failures import CLOSED, EventsGone
from fairlead.outgoing import Headers
from fairlead.transport import Record
from fairlead.versions import version_of

PARTITION = 0


class EventLog:
    """What happened, by entity and in its order."""

    def __init__(self, aggregate: str, events: Mapping[str, type[Message]]) -> None:
        self._aggregate = aggregate
        self._names = {model: name for name, model in events.items()}
        self._records: list[Record] = []
        self._first = 0
        self._changed = asyncio.Event()
        self._histories: dict[str, list[Message]] = {}
        self._closed = False

    def history(self, entity_id: str) -> Sequence[Message]:
        """All that happened to an entity."""
        return tuple(self._histories.get(entity_id, ()))

    def append(
        self, entity_id: str, events: Sequence[Message], headers: Headers = (), **attributes: Any
    ) -> list[EventRef]:
        """Have these happen next to an entity; raises LookupError where one is no event of the aggregate."""
        history = self._histories.setdefault(entity_id, [])
        refs = []
        names = [self._name(event) for event in events]
        for event, name in zip(events, names, strict=True):
            history.append(event)
            ref = EventRef(id=str(uuid4()), type=name, version=len(history))
            value = orjson.dumps(self._envelope(entity_id, ref, event) | attributes)
            self._records.append(Record(PARTITION, self.end, entity_id.encode(), value, headers))
            refs.append(ref)
        self._change()
        return refs

    @property
    def first(self) -> int:
        """The offset that a reader without a token begins at, since what was before it was removed."""
        return self._first

    @property
    def end(self) -> int:
        """The next offset."""
        return self._first + len(self._records)

    def remove(self) -> None:
        """Forget all records, as retention would; what happened has happened all the same."""
        self._first, self._records = self.end, []
        self._change()

    def close(self) -> None:
        """Have all who follow told so."""
        self._closed = True
        self._change()

    async def read(self, at: int, *, follow: bool) -> AsyncGenerator[Record, None]:
        """From this offset on; raises EventsGone, and ConnectionError once it is closed."""
        end = self.end
        while True:
            if self._closed:
                raise ConnectionError(CLOSED)
            if not self._first <= at <= self.end:
                raise EventsGone(f"{self._aggregate}.events", PARTITION, at)
            if at >= end and not follow:
                return
            if at < self.end:
                yield self._records[at - self._first]
                at += 1
            else:
                await self._changed.wait()

    def _change(self) -> None:
        # Those who wait are woken; who comes later waits for the next change.
        self._changed.set()
        self._changed = asyncio.Event()

    def _name(self, event: Message) -> str:
        if name := self._names.get(type(event)):
            return name
        msg = f"{type(event).__name__} is no event of {self._aggregate}"
        raise LookupError(msg)

    def _envelope(self, entity_id: str, ref: EventRef, event: Message) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": ref.id,
            "source": f"/fairlead/{self._aggregate}",
            "type": ref.type,
            "subject": entity_id,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "datacontenttype": "application/json",
            "dataschema": schema_id(self._aggregate, ref.type, version_of(type(event))),
            "entityversion": ref.version,
            "causationid": str(uuid4()),
            "commanddigest": "0" * 32,
            "data": event.model_dump(mode="json"),
        }
