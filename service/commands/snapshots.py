"""Folded states on the log, so that a new owner need not fold a whole history."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from service.commands.ports import Draft, Record
from service.commands.stored import Entity, States

# Less than a batch of the producer, and a record of the broker, may have.
_MAX_BYTES = 400_000


class Snapshot(NamedTuple):
    """What a record says of an entity: from which command on it is parked; its state, where one of our fold is in it.

    `version` is 0 where the entity does not exist, `time` that of its last event in microseconds; `other` says that
    another code has folded it.
    """

    entity_id: str
    parked: int | None
    state: Any
    version: int
    time: int
    other: bool = False


class Snapshots:
    """Writes and reads the records of one aggregate; `fold` as of `fingerprint`."""

    def __init__(self, states: States, fold: str) -> None:
        self.states = states
        self.fold = fold

    def draft(self, entity_id: str, entity: Entity, parked: int | None, timestamp: int) -> tuple[Draft, bool]:
        """The record of an entity, and whether its state is in it: a very large one is left out."""
        value: dict[str, Any] = {"parked": None if parked is None else {"from": parked}}
        if not entity.version:
            return Draft(entity_id.encode(), orjson.dumps(value), [], timestamp), False
        value["version"] = entity.version
        state = {"fold": self.fold, "time": entity.time, "state": self.states.tagged(entity.state)}
        raw = orjson.dumps(value | state, default=vars)
        whole = len(raw) <= _MAX_BYTES
        return Draft(entity_id.encode(), raw if whole else orjson.dumps(value), [], timestamp), whole

    def read(self, record: Record) -> Snapshot:
        """What a record says; raises KeyError, TypeError or ValueError where it is none."""
        value = orjson.loads(record.value or b"")
        parked = value["parked"]
        since, entity_id = None if parked is None else parked["from"], (record.key or b"").decode()
        if (fold := value.get("fold")) != self.fold:
            return Snapshot(entity_id, since, None, value.get("version", 0), 0, other=fold is not None)
        return Snapshot(entity_id, since, self.states.read(*value["state"]), value["version"], value["time"])
