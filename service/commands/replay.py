"""Events and replies read back from their topics become what the owner of a partition knows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from service.commands.entities import Entities, Entity, Outcome
from service.commands.identity import micros_of
from service.commands.ports import Record
from service.domain import Aggregate

_REMEMBERED = frozenset({"accepted", "rejected", "conflict"})


class GapInLog(Exception):
    """An entity's events do not follow one another: something else wrote to the topic, or lost from it."""


class Replay:
    """Builds the entities of one partition; feed it all events and all replies, in any mix, each in order."""

    def __init__(self, aggregate: Aggregate, *, keep_event_ids: bool) -> None:
        self._aggregate = aggregate
        self._keep_event_ids = keep_event_ids
        self._entities = Entities(Entity(aggregate.initial))
        self._caused: dict[str, dict[str, list[Any]]] = {}
        self._replied: list[tuple[str, str, list[Any]]] = []

    def add_events(self, records: Iterable[Record]) -> None:
        """Fold events; raises GapInLog."""
        known = self._entities.known
        for record in records:
            envelope = orjson.loads(record.value or b"null")
            subject, version = envelope["subject"], envelope["entityversion"]
            before = known.get(subject) or self._entities.initial
            if version != before.version + 1:
                msg = f"{subject} has version {version} at offset {record.offset} after version {before.version}"
                raise GapInLog(msg)
            event = self._aggregate.read_event(envelope["type"], envelope["data"])
            time = _micros(envelope["time"])
            known[subject] = Entity(self._aggregate.evolve(before.state, event), version, max(before.time, time))
            ref = (envelope["id"], envelope["type"], version)
            if self._keep_event_ids:
                self._entities.event_ids.setdefault(subject, []).append(envelope["id"])
            caused = self._caused.setdefault(subject, {}).setdefault(
                envelope["causationid"], [envelope["commanddigest"], time, []]
            )
            caused[2].append(ref)

    def add_replies(self, records: Iterable[Record]) -> None:
        """Take outcomes from replies; what was not judged, or only repeated, is none."""
        for record in records:
            envelope = orjson.loads(record.value or b"null")
            data = envelope["data"]
            if data["duplicate"] or data["status"] not in _REMEMBERED or data["code"] == "id_reused":
                continue
            self._replied.append((envelope["subject"], envelope["causationid"], [envelope, data]))

    def finish(self) -> Entities:
        """The entities with their windows: first what only events still tell, then replies in their order."""
        replied = {(subject, command_id) for subject, command_id, _ in self._replied}
        for subject, commands in self._caused.items():
            for command_id, (content, time, refs) in commands.items():
                if (subject, command_id) not in replied:
                    self._remember(subject, command_id, ("accepted", None, None, refs[-1][2]), tuple(refs), content, time)
        for subject, command_id, (envelope, data) in self._replied:
            refs = tuple((event["id"], event["type"], event["version"]) for event in data["events"])
            answer = (data["status"], data["code"], data["message"], data["entity_version"])
            self._remember(subject, command_id, answer, refs, envelope["commanddigest"], _micros(envelope["time"]))
        return self._entities

    def _remember(  # noqa: PLR0913  # an outcome has as many parts
        self,
        subject: str,
        command_id: str,
        answer: tuple[str, str | None, str | None, int],
        refs: tuple[tuple[str, str, int], ...],
        content: str,
        time: int,
    ) -> None:
        entity = self._entities.known.get(subject) or self._entities.initial
        place = entity.remembered + 1
        self._entities.known[subject] = Entity(entity.state, entity.version, entity.time, place)
        self._entities.remember(subject, command_id, Outcome(*answer, refs, content, time, place))


def _micros(time: str) -> int:
    return micros_of(datetime.fromisoformat(time))
