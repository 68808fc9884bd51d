"""Events, replies and snapshots read back from their topics become what the owner of a partition knows."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from typing import Any

import orjson

from service.commands.causes import Causes
from service.commands.changes import Changes
from service.commands.entities import Entities
from service.commands.identity import micros_in
from service.commands.ports import Record
from service.commands.snapshots import Snapshots
from service.commands.stored import Entity, event_key, outcome_key, pack_outcome
from service.domain import Aggregate

_REMEMBERED = frozenset({"accepted", "rejected", "conflict"})
_new = tuple.__new__


class GapInLog(Exception):
    """The log is not what this service wrote: something else wrote to the topic, or lost from it."""


class Replay:
    """Adds to `entities` what their partition's logs say: each log in order, snapshots before events.

    With `afresh` nothing was known before, and replies are added first: then outcomes are counted without entities,
    for as many of these as there is `room`.
    With `states`, the states in snapshots are taken, and events that they cover passed over. Events tell outcomes too:
    from the offset `beyond` on, where no checkpoint speaks of them, and, with `replied`, where replies have been
    removed too early: that has the keys of all that replies tell, and events must then be added before replies.
    `goes_on` says that something was known before.
    `hidden` says that other code wrote a snapshot, where one before it may have had a state that can be taken. `ahead`
    has the versions that snapshots tell of and events do not yet, where it goes on.
    """

    def __init__(  # noqa: PLR0913  # what it builds, by what rules, from how much of the logs
        self,
        aggregate: Aggregate,
        entities: Entities,
        snapshots: Snapshots,
        *,
        keep_event_ids: bool,
        beyond: int,
        afresh: bool = False,
        room: int = 0,
        states: bool = False,
        replied: Container[str] | None = None,
    ) -> None:
        self.afresh = afresh
        self.goes_on = not afresh and replied is None
        self.found_any = False
        self.hidden = False
        self.ahead: dict[str, int] = {}
        self.reply_clock = self._event_clock = entities.clock
        self._aggregate = aggregate
        self._entities = entities
        self._snapshots = snapshots
        self._keep_event_ids = keep_event_ids
        self._beyond = beyond
        # The places of entities: as many as there is room for, those of all others are kept with them.
        self._places: dict[str, int] = {}
        self._room = room if afresh else 0
        self._states = states
        self._replied = replied
        self._causes = Causes(aggregate.name, entities, replied)
        self._changes = Changes()
        self._folded: set[str] = set()

    def add_snapshots(self, records: Iterable[Record]) -> Collection[str]:
        """Take who is parked, and states; returns whose was too large for its record. Raises GapInLog."""
        changes, places, full = self._changes, self._places, self._full
        stateless = []
        for record in records:
            try:
                found = self._snapshots.read(record)
            except (KeyError, TypeError, ValueError) as error:
                raise GapInLog(f"The snapshot at offset {record.offset} is none: {type(error).__name__}") from error
            if found.parked is not None or found.entity_id in self._entities.parked or changes.parked:
                changes.parked[found.entity_id] = found.parked
            if found.state is None and found.version:
                # The record that has it is gone once it is compacted: the floor must not rise on it.
                changes.folded.add(found.entity_id)
                if found.other:
                    self.hidden = True
                else:
                    stateless.append(found.entity_id)
            elif self._states and found.version:
                changes.folded.discard(found.entity_id)
                place = places.get(found.entity_id) or (self._entity(found.entity_id).place if full else 0)
                changes.entities[found.entity_id] = Entity(found.state, found.version, found.time, place)
            if self.goes_on and found.version > self._entity(found.entity_id).version:
                self.ahead[found.entity_id] = found.version
        self._merge()
        return stateless

    def add_events(self, records: Collection[Record]) -> None:
        """Fold events; raises GapInLog, and NewerVersion."""
        changes, read, evolve, known = self._changes, self._aggregate.read_event, self._aggregate.evolve, self._entities
        now, version_in = self._aggregate.versions, self._aggregate.version_in
        places, offset, clock, entities = self._places, 0, self._event_clock, changes.entities
        try:
            self._bring(records)
            for record in records:
                offset, clock = record.offset, max(clock, record.timestamp * 1000)
                event = orjson.loads(record.value or b"")
                subject, version = event["subject"], event["entityversion"]
                state, before, _, place = entities.get(subject) or known.entity(subject)
                if version != before + 1:
                    self._require_covered(subject, version, before, offset)
                    continue
                type_, schema = event["type"], event.get("dataschema")
                data = read(type_, event["data"], now.get(schema) or version_in(type_, schema))
                time = micros_in(event["time"])
                # Past what a NamedTuple makes of its fields by itself, which is Python.
                entities[subject] = _new(Entity, (evolve(state, data), version, time, places.get(subject, place)))
                if self.ahead and self.ahead.get(subject) == version:
                    del self.ahead[subject]
                if self._keep_event_ids:
                    changes.event_ids[event_key(subject, version)] = event["id"]
                if offset >= self._beyond or self._replied is not None:
                    self._causes.add(changes, event, time, clock)
        except (KeyError, TypeError, ValueError) as error:
            raise GapInLog(f"The event at offset {offset} is none: {type(error).__name__}") from error
        changes.folded.update(entities)
        self.found_any, self._event_clock = True, clock
        if self._states:
            self._folded |= changes.folded
        self._merge()

    def _require_covered(self, subject: str, version: int, known: int, offset: int) -> None:
        """Raise GapInLog where this event is not one that a snapshot covers."""
        unfolded = subject not in self._folded and subject not in self._changes.entities
        if not (self._states and version <= known and unfolded):
            raise GapInLog(f"{subject} has version {version} at offset {offset} after version {known}")

    def add_replies(self, records: Collection[Record]) -> None:
        """Take outcomes from replies; what was not judged, or only repeated, is none. Raises GapInLog."""
        outcomes, places, offset, clock = self._changes.outcomes, self._places, 0, self.reply_clock
        try:
            if self._full:
                self._bring(records)
            for record in records:
                # A reply is stamped with its command's broker time; those that are no outcome set the clock as well.
                offset, clock = record.offset, max(clock, record.timestamp * 1000)
                reply = orjson.loads(record.value or b"")
                if (key := remembered_by(reply)) is None:
                    continue
                data, subject = reply["data"], reply["subject"]
                version = data["entity_version"]
                refs = [(event["id"], event["type"], event["version"]) for event in data["events"]]
                answer = data["status"], data["code"], data["message"], version
                outcome = *answer, refs, reply["commanddigest"], micros_in(reply["time"])
                # As `_count` does it for most; to ask that each time is a call more.
                if version and (place := places.get(subject, 0)):
                    place += 1
                    places[subject] = place
                else:
                    place = self._count(subject, version)
                outcomes[key] = pack_outcome(outcome, place, clock)
        except (KeyError, TypeError, ValueError) as error:
            raise GapInLog(f"The reply at offset {offset} is none: {type(error).__name__}") from error
        self.found_any, self.reply_clock = True, clock
        self._merge()

    def covered(self, events: int) -> None:
        """A checkpoint speaks of all events below this offset."""
        self._beyond = max(self._beyond, events)

    def finish(self) -> None:
        """All is added."""
        self._entities.clock = max(self._entities.clock, self._event_clock, self.reply_clock)

    @property
    def _full(self) -> bool:
        return len(self._places) >= self._room

    def _count(self, entity_id: str, version: int) -> int:
        """The place of one more outcome of an entity, which has this version then."""
        before = self._places.get(entity_id)
        if before is None and self._full:
            entity = self._entity(entity_id)
            place = entity.place + 1
            self._changes.entities[entity_id] = Entity(*entity[:3], place)
        else:
            place = self._places[entity_id] = (before or 0) + 1
            if not version:
                # Of what does not exist neither snapshot nor event will tell.
                self._changes.entities[entity_id] = Entity(self._aggregate.initial, place=place)
        return place

    def _bring(self, records: Collection[Record]) -> None:
        # Where there are more than memory holds, one after the other took 4 of 23 µs of a record longer.
        self._entities.bring({(record.key or b"").decode() for record in records})

    def _entity(self, entity_id: str) -> Entity:
        return self._changes.entities.get(entity_id) or self._entities.entity(entity_id)

    def _merge(self) -> None:
        # Replies have the partition's own clock: events, which are read beside them, may be far ahead of it.
        clock = self.reply_clock if self._replied is None else max(self.reply_clock, self._event_clock)
        self._entities.clock = max(self._entities.clock, clock)
        self._entities.merge(self._changes)
        self._changes = Changes()


def remembered_by(reply: dict[str, Any]) -> str | None:
    """The key of the outcome that a reply tells; None where it was not judged, or only repeated."""
    data = reply["data"]
    if data["duplicate"] or data["status"] not in _REMEMBERED or data["code"] == "id_reused":
        return None
    return outcome_key(reply["subject"], reply["causationid"])
