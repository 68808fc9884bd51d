"""Events and replies read back from their topics become what the owner of a partition knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from service.commands.entities import Entities, Entity, EventRef, Outcome
from service.commands.identity import event_id, micros_of
from service.commands.ports import Record
from service.domain import Aggregate

_REMEMBERED = frozenset({"accepted", "rejected", "conflict"})


class GapInLog(Exception):
    """The log is not what this service wrote: something else wrote to the topic, or lost from it."""


class Replay:
    """Builds the entities of one partition; feed it all events and all replies, in any mix, each in order."""

    def __init__(self, aggregate: Aggregate, *, keep_event_ids: bool) -> None:
        self._aggregate = aggregate
        self._keep_event_ids = keep_event_ids
        self._entities = Entities(Entity(aggregate.initial))
        self._caused: dict[tuple[str, str], Outcome] = {}
        self._replied: list[tuple[tuple[str, str], Outcome]] = []

    def add_events(self, records: Iterable[Record]) -> None:
        """Fold events; raises GapInLog."""
        for record in records:
            try:
                self._add_event(orjson.loads(record.value or b""), record.offset)
            except (KeyError, TypeError, ValueError) as error:
                raise GapInLog(f"The event at offset {record.offset} is none: {type(error).__name__}") from error

    def _add_event(self, envelope: dict[str, Any], offset: int) -> None:
        subject, version = envelope["subject"], envelope["entityversion"]
        before = self._entities.known.get(subject) or self._entities.initial
        if version != before.version + 1:
            raise GapInLog(f"{subject} has version {version} at offset {offset} after version {before.version}")
        event = self._aggregate.read_event(envelope["type"], envelope["data"])
        time = _micros(envelope["time"])
        state = self._aggregate.evolve(before.state, event)
        self._entities.known[subject] = Entity(state, version, time)
        if self._keep_event_ids:
            self._entities.event_ids.setdefault(subject, []).append(envelope["id"])
        self._add_cause(subject, envelope, time)

    def _add_cause(self, subject: str, event: dict[str, Any], time: int) -> None:
        cause = subject, event["causationid"]
        refs: tuple[EventRef, ...] = ((event["id"], event["type"], event["entityversion"]),)
        # Where the window had let go of an id that then led to something new, only the latter can be repeated.
        before = self._caused.pop(cause, None)
        if before is not None and self._goes_on(before, event, time):
            refs, time = before.events + refs, before.time
        version, digest = event["entityversion"], event["commanddigest"]
        self._caused[cause] = Outcome("accepted", None, None, version, refs, digest, time, 0)

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
                self._add_reply(orjson.loads(record.value or b""))
            except (KeyError, TypeError, ValueError) as error:
                raise GapInLog(f"The reply at offset {record.offset} is none: {type(error).__name__}") from error

    def _add_reply(self, reply: dict[str, Any]) -> None:
        data = reply["data"]
        if data["duplicate"] or data["status"] not in _REMEMBERED or data["code"] == "id_reused":
            return
        refs = tuple((event["id"], event["type"], event["version"]) for event in data["events"])
        answer = data["status"], data["code"], data["message"], data["entity_version"]
        outcome = Outcome(*answer, refs, reply["commanddigest"], _micros(reply["time"]), 0)
        self._replied.append(((reply["subject"], reply["causationid"]), outcome))

    @property
    def found_any(self) -> bool:
        """Whether anything was ever decided."""
        return bool(self._entities.known or self._replied)

    def finish(self) -> Entities:
        """The entities with their windows: first what only events still tell, then replies in their order."""
        replied = {cause for cause, _ in self._replied}
        for cause, outcome in self._caused.items():
            if cause not in replied:
                self._remember(*cause, outcome)
        for cause, outcome in self._replied:
            self._remember(*cause, outcome)
        return self._entities

    def _remember(self, subject: str, command_id: str, outcome: Outcome) -> None:
        entity = self._entities.known.get(subject) or self._entities.initial
        place = entity.remembered + 1
        self._entities.known[subject] = replace(entity, remembered=place)
        self._entities.remember(subject, command_id, replace(outcome, place=place))


def _micros(time: str) -> int:
    return micros_of(datetime.fromisoformat(time))
