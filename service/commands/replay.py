"""Events, replies and snapshots read back from their topics become what the owner of a partition knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

import orjson

from service.commands.entities import Entities, Entity, EventRef, Outcome, last_of
from service.commands.identity import event_id, micros_of
from service.commands.ports import Record
from service.domain import Aggregate

_STEPS = 500
_REMEMBERED = frozenset({"accepted", "rejected", "conflict"})


class GapInLog(Exception):
    """The log is not what this service wrote: something else wrote to the topic, or lost from it."""


class Replay:
    """Builds the `entities` of one partition: feed it its logs, in any mix, each in order, then finish."""

    def __init__(self, aggregate: Aggregate, *, keep_event_ids: bool) -> None:
        self.entities = Entities(Entity(aggregate.initial))
        self._aggregate = aggregate
        self._keep_event_ids = keep_event_ids
        self._event_clock = self._reply_clock = 0
        self._caused: dict[tuple[str, str], Outcome] = {}
        self._replied: list[tuple[tuple[str, str], Outcome]] = []

    def add_events(self, records: Iterable[Record]) -> None:
        """Fold events; raises GapInLog."""
        for record in records:
            try:
                self._event_clock = max(self._event_clock, record.timestamp * 1000)
                self._add_event(orjson.loads(record.value or b""), record.offset)
            except (KeyError, TypeError, ValueError) as error:
                raise GapInLog(f"The event at offset {record.offset} is none: {type(error).__name__}") from error

    def _add_event(self, envelope: dict[str, Any], offset: int) -> None:
        subject, version = envelope["subject"], envelope["entityversion"]
        before = self.entities.known.get(subject) or self.entities.initial
        if version != before.version + 1:
            raise GapInLog(f"{subject} has version {version} at offset {offset} after version {before.version}")
        event = self._aggregate.read_event(envelope["type"], envelope["data"])
        time = _micros(envelope["time"])
        state = self._aggregate.evolve(before.state, event)
        self.entities.known[subject] = Entity(state, version, time)
        if self._keep_event_ids:
            self.entities.event_ids.setdefault(subject, []).append(envelope["id"])
        self._add_cause(subject, envelope, time)

    def _add_cause(self, subject: str, event: dict[str, Any], time: int) -> None:
        cause = subject, event["causationid"]
        refs: tuple[EventRef, ...] = ((event["id"], event["type"], event["entityversion"]),)
        # Where the window had let go of an id that then led to something new, only the latter can be repeated.
        before = self._caused.pop(cause, None)
        if before is not None and self._goes_on(before, event, time):
            refs, time = before.events + refs, before.time
        version, digest = event["entityversion"], event["commanddigest"]
        self._caused[cause] = Outcome("accepted", None, None, version, refs, digest, time, 0, self._event_clock)

    def _goes_on(self, before: Outcome, event: dict[str, Any], time: int) -> bool:
        """Whether an event is of the same decision as those before it with its command's id."""
        version = event["entityversion"]
        if before.digest != event["commanddigest"] or before.entity_version != version - 1:
            return False
        imported = event["id"] != event_id(self._aggregate.name, event["subject"], version, event["causationid"])
        return imported or time == before.time

    def add_replies(self, records: Iterable[Record]) -> None:
        """Take outcomes from replies; what was not judged, or only repeated, is none. Raises GapInLog."""
        for record in records:
            try:
                # A reply is stamped with its command's broker time; those that are no outcome set the clock as well.
                self._reply_clock = max(self._reply_clock, record.timestamp * 1000)
                self._add_reply(orjson.loads(record.value or b""))
            except (KeyError, TypeError, ValueError) as error:
                raise GapInLog(f"The reply at offset {record.offset} is none: {type(error).__name__}") from error

    def _add_reply(self, reply: dict[str, Any]) -> None:
        data = reply["data"]
        if data["duplicate"] or data["status"] not in _REMEMBERED or data["code"] == "id_reused":
            return
        refs = tuple((event["id"], event["type"], event["version"]) for event in data["events"])
        answer = data["status"], data["code"], data["message"], data["entity_version"]
        outcome = Outcome(*answer, refs, reply["commanddigest"], _micros(reply["time"]), 0, self._reply_clock)
        self._replied.append(((reply["subject"], reply["causationid"]), outcome))

    def add_snapshots(self, records: Iterable[Record]) -> None:
        """Take which entities are parked from their records; raises GapInLog."""
        for record in records:
            try:
                parked = orjson.loads(record.value or b"")["parked"]
                entity_id = (record.key or b"").decode()
                if parked is None:
                    self.entities.parked.pop(entity_id, None)
                else:
                    self.entities.parked[entity_id] = parked["from"]
            except (KeyError, TypeError, ValueError) as error:
                raise GapInLog(f"The snapshot at offset {record.offset} is none: {type(error).__name__}") from error

    @property
    def found_any(self) -> bool:
        """Whether anything was ever decided."""
        return bool(self.entities.known or self._replied)

    def finishing(self) -> Iterator[None]:
        """Fill the windows: first what only events still tell, then replies in their order; now and then a pause."""
        for step, (cause, _) in enumerate(self._replied, 1):
            self._caused.pop(cause, None)
            if step % _STEPS == 0:
                yield
        for step, (cause, outcome) in enumerate(chain(self._caused.items(), self._replied), 1):
            self._remember(*cause, outcome)
            if step % _STEPS == 0:
                yield
        self.entities.clock = max(self._event_clock, self._reply_clock)
        self.entities.let_go()

    def _remember(self, subject: str, command_id: str, outcome: Outcome) -> None:
        entities = self.entities
        entities.clock = max(entities.clock, outcome.clock)
        last = last_of(entities.windows.get(subject), entities.clock)
        if last is None:
            entities.begin_anew(subject)
        place = 1 if last is None else last.place + 1
        entities.remember(subject, command_id, replace(outcome, place=place, clock=entities.clock))
        entities.let_go()


def _micros(time: str) -> int:
    return micros_of(datetime.fromisoformat(time))
