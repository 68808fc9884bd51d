"""The events of a partition, folded only as far as somebody asks: what was known when a command was decided."""

from __future__ import annotations

from collections.abc import AsyncIterator, Container, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from fairlead.bounds import Message
from fairlead.versions import version_in
from service.commands.ports import Record
from service.commands.stored import Entity
from service.domain import Aggregate


class Unfoldable(Exception):
    """Events of this entity cannot be read or folded by the code at hand; the message says which, and why."""


class Untold(Exception):
    """The events do not tell of this entity at that version."""


class Log:
    """Records one by one, of those that come in batches."""

    def __init__(self, batches: AsyncIterator[Sequence[Record]]) -> None:
        self._batches = batches
        self._batch: Sequence[Record] = ()
        self._at = 0

    async def next(self) -> Record | None:
        """The next one; None where there is none any more."""
        while self._at >= len(self._batch):
            batch = await anext(self._batches, None)
            if batch is None:
                return None
            self._batch, self._at = batch, 0
        self._at += 1
        return self._batch[self._at - 1]


@dataclass(slots=True)
class _Known:
    """An entity behind the events that were taken; it stays where it was after a fault.

    `ids` are those of all, 16 bytes each: as text they would be six times as long. None where nobody asks for them.
    """

    state: Any
    ids: bytearray | None
    version: int = 0
    fault: str | None = None


class Past:
    """Entities as they were, by the events in `log`, which begins with the first of the partition.

    Whoever asks does so in the order of decisions, which is that of their events: so nothing is read too far. Ids of
    events are kept of the entities whose keys are in `with_ids`.
    """

    def __init__(self, aggregate: Aggregate, log: Log, with_ids: Container[bytes | None]) -> None:
        self._aggregate = aggregate
        self._log = log
        self._with_ids = with_ids
        self._entities: dict[str, _Known] = {}

    async def at(self, entity_id: str, version: int) -> Entity:
        """The entity at a version; raises Untold where it is not there now, and Unfoldable."""
        known = self._known(entity_id)
        while known.version < version:
            if known.fault is not None:
                raise Unfoldable(known.fault)
            await self._take()
        if known.version > version:
            raise Untold(entity_id)
        return Entity(known.state, version)

    async def next(self, entity_id: str, count: int) -> list[Message]:
        """So many events behind the version that was asked for last; raises as `at`."""
        known = self._known(entity_id)
        events: list[Message] = []
        while len(events) < count:
            if known.fault is not None:
                raise Unfoldable(known.fault)
            whose, event = await self._take()
            if whose is known and event is not None:
                events.append(event)
        return events

    def event_id(self, entity_id: str, version: int) -> str:
        """The id of the event that led to a version; raises LookupError where it was not to be kept."""
        ids, end = self._entities[entity_id].ids, 16 * version
        if ids is None or len(ids) < end:
            raise LookupError(f"the id of event {version} of {entity_id}")
        return str(UUID(bytes=bytes(ids[end - 16 : end])))

    def _known(self, entity_id: str) -> _Known:
        known = self._entities.get(entity_id)
        if known is None:
            ids = bytearray() if entity_id.encode() in self._with_ids else None
            known = self._entities[entity_id] = _Known(self._aggregate.initial, ids)
        return known

    async def _take(self) -> tuple[_Known, Message | None]:
        """Fold the next event; whose it is, and None where it cannot be read. Raises Untold at the end."""
        record = await self._log.next()
        if record is None:
            raise Untold("the end")
        raw, event = orjson.loads(record.value or b""), None
        known = self._known(raw["subject"])
        if known.ids is not None:
            known.ids += UUID(raw["id"]).bytes
        if known.fault is None:
            try:
                event = self._aggregate.read_event(raw["type"], raw["data"], version_in(raw.get("dataschema")))
                known.state = self._aggregate.evolve(known.state, event)
                known.version += 1
            except Exception as error:  # noqa: BLE001  # code that is tried out may fail with anything
                told = " ".join(f"{type(error).__name__}: {error}".split())
                known.fault = f"{raw['type']} {raw['entityversion']} cannot be folded: {told}"
        return known, event
