"""The events of a partition folded in their order, each held to the rules, with stops where something has to stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from service.audit.expected import object_in
from service.audit.hashing import partition_of, uuid8
from service.audit.history import RULES, broken_rule
from service.audit.records import Json, Keys, PartitionLogs, Record
from service.audit.report import Report
from service.audit.sealing import seal_fault
from service.audit.text import is_uuid, micros
from service.audit.versions import present


@dataclass(frozen=True, slots=True)
class Standing:
    """An entity behind some event of its own; `time` of that in microseconds."""

    version: int
    state: Json
    time: int


Watch = Callable[[Record, Json, Standing | None, Standing], None]


class Walk:
    """`standing` is behind the events so far; `watch` is told of each, as it stands, what was before and is now."""

    def __init__(self, report: Report, logs: PartitionLogs, keys: Keys | None, watch: Watch) -> None:
        self.standing: dict[str, Standing] = {}
        self._report = report
        self._logs = logs
        self._keys = keys
        self._watch = watch
        self._stops: list[tuple[int, Callable[[], None]]] = []

    def stop_at(self, offset: int, call: Callable[[], None]) -> None:
        """Have this called when all events before the offset are folded, and none from there on."""
        self._stops.append((offset, call))
        self._stops.sort(key=lambda stop: stop[0], reverse=True)

    def take(self, record: Record) -> Json | None:
        """Fold the next event, which is returned as of its present version; None where it is none."""
        while self._stops and self._stops[-1][0] <= record.offset:
            self._stops.pop()[1]()
        written, place = object_in(record), self._logs.place("events", record.offset)
        if written is None:
            self._report.wrong(place, "is no JSON object")
            return None
        event = present(self._logs.aggregate, written)
        subject = str(event.get("subject"))
        before = self.standing.get(subject)
        self._report.counts["events"] += 1
        for fault in self._faults(record, event, subject, before):
            self._report.wrong(place, f"{event.get('type')} {event.get('entityversion')} of {subject}: {fault}")
        after = self._folded(event, before)
        self.standing[subject] = after
        self._watch(record, written, before, after)
        return event

    def finish(self) -> None:
        """There are no more events."""
        while self._stops:
            self._stops.pop()[1]()

    def _faults(self, record: Record, event: Json, subject: str, before: Standing | None) -> Iterator[str]:
        logs, version, number = self._logs, before.version if before else 0, event.get("entityversion")
        key = subject.encode("utf-8", "surrogatepass")
        if type(number) is not int or number != version + 1:
            yield f"has version {number!r} after {version}"
        if record.key != key or partition_of(key, logs.partitions) != logs.partition:
            yield f"stands under the key {record.key!r} on partition {logs.partition}"
        now = micros(event.get("time"))
        if now is None or not is_uuid(event.get("id")) or not is_uuid(event.get("causationid")):
            yield "has no id, time or cause"
        elif event["id"] != uuid8(logs.aggregate, subject, number, event["causationid"]):
            # Ids that came with an imported history follow from nothing.
            self._report.counts["events with an id of their own, as imported ones have"] += 1
        elif before and now < before.time:
            yield "its time lies before that of the event before it"
        try:
            rule = broken_rule(logs.aggregate, subject, event, before.state if before else None)
        except (KeyError, TypeError):
            rule = "its data is not as it must be"
        if rule is not None:
            yield f"could not happen: {rule}"
        if event.get("type") == "UserCreated" and (unsealed := seal_fault(subject, event.get("data"), self._keys)):
            yield unsealed

    def _folded(self, event: Json, before: Standing | None) -> Standing:
        number = event.get("entityversion")
        version = number if type(number) is int else (before.version if before else 0) + 1
        time = micros(event.get("time")) or 0
        try:
            state = RULES[self._logs.aggregate].apply(event["type"], event["data"], before.state if before else None)
        except (KeyError, TypeError):
            state = before.state if before else {}
        return Standing(version, state, time)
