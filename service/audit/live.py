"""Judges one partition of a running system from its logs as they are read, holding little more than its entities."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from service.audit.alignment import Message, Pairing
from service.audit.clock import Clock
from service.audit.entity import Entity
from service.audit.expected import expected_events, expected_reply, found, object_in
from service.audit.foresight import Foresight
from service.audit.horizon import Horizon
from service.audit.kept import Kept
from service.audit.letters import compare_letters, expected_letters, offset_of
from service.audit.messages import Verdict, reply_id
from service.audit.model import Judge
from service.audit.projected import Projected
from service.audit.records import Json, Keys, PartitionLogs, Record
from service.audit.report import Report
from service.audit.snapshot_log import SnapshotLog
from service.audit.tables import Tables
from service.audit.text import is_uuid
from service.audit.told import Told
from service.audit.unknown import Unknown
from service.audit.walk import Standing, Walk

_NO_ID = "00000000-0000-0000-0000-000000000000"


class LivePartition:
    """Commands are taken ahead of the replies and events they led to; `waiting` says which of these shall come next.

    `letters` are all dead letters, `kept` what handlers have on their disks. Commands from that on at which the
    settled checkpoint stands may have led to something, or not yet.
    """

    def __init__(  # noqa: PLR0913  # each was read from another place
        self,
        report: Report,
        logs: PartitionLogs,
        snapshots: SnapshotLog,
        foresight: Foresight,
        letters: list[Record],
        tables: Tables,
        keys: Keys | None,
        kept: Iterable[Kept] = (),
    ) -> None:
        told = Told(
            foresight.answers,
            snapshots.told,
            {text for letter in letters if (text := offset_of(letter)) is not None},
            again=foresight.again | snapshots.late,
            repeats=foresight.repeats,
        )
        self._report, self._logs = report, logs
        self._snapshots, self._foresight = snapshots, foresight
        self._horizon = Horizon(told, foresight.complete, foresight.command, versions=foresight.versions)
        self._judge = Judge(logs, keys=keys, told=told, horizon=self._horizon)
        self._walk = Walk(report, logs, keys, self._folded)
        fold = snapshots.checkpoint["fold"] if snapshots.checkpoint else None
        self._projected = Projected(report, logs, tables, self._walk, fold)
        self._clock = Clock(report, logs, snapshots)
        self.replies, self.events = Pairing(report, logs, "replies"), Pairing(report, logs, "events")
        self._letters = letters
        self._lettered = told.letters
        self._expected_letters: list[tuple[Message, bool]] = []
        self._received: dict[int, int] = {}
        self._unsettled: set[str] = set()
        if snapshots.checkpoint is not None:
            self._walk.stop_at(snapshots.checkpoint["needed"]["events"], self._check_covered)
        for one in kept:
            self._walk.stop_at(one.position, partial(one.compare, report, self._walk.standing))

    @property
    def recalling(self) -> bool:
        """Whether events may still come that were there before the first command that is judged."""
        return not (self._horizon.complete or self.events.ahead)

    def command(self, record: Record) -> None:
        """The next command."""
        self._clock.command(record)
        if str(record.offset) in self._lettered:
            self._received[record.offset] = len(record.headers)
        if record.offset < self._horizon.first:
            self._report.counts["commands not judged: what they rest on is gone"] += 1
            if not self._logs.start("commands"):
                self._horizon.clock = max(self._horizon.clock or 0, record.timestamp * 1000)
            return
        try:
            last = self._judge.judge(record)
        except Unknown as unknown:
            self._report.counts[f"commands not judged: {unknown}"] += 1
            self.replies.excuse(reply_id(self._logs, record, None))
            return
        owed = record.offset < self._snapshots.owed
        self._report.counts["commands judged again" if owed else "commands in the making"] += 1
        for verdict in (*last.redriven, last):
            self._expect(verdict, owed=owed)

    def reply(self, record: Record) -> None:
        """The next reply."""
        self._clock.reply(record)
        self._report.counts["replies"] += 1
        value = object_in(record)
        if value is None:
            self._report.wrong(self._logs.place("replies", record.offset), "is no JSON object")
            return
        self._projected.reply(record, value)
        begin = self._foresight.reply
        if begin is not None and record.offset >= begin and value.get("subject") not in self._judge.lost:
            self.replies.find(found("replies", record, value))

    def event(self, record: Record) -> None:
        """The next event."""
        event = self._walk.take(record)
        if event is None:
            return
        subject = str(event.get("subject"))
        if self._horizon.before(subject, self._walk.standing[subject].version):
            self._recall(subject, event)
        elif subject not in self._judge.lost:
            self.events.find(found("events", record, event))

    def finish(self) -> None:
        """Everything is told."""
        self._walk.finish()
        self._projected.finish()
        self._snapshots.finish()
        self._clock.finish(complete=self._horizon.complete)
        for pairing in (self.replies, self.events):
            pairing.finish(lambda message: message.content["value"].get("subject") in self._judge.lost)
        self._compare_letters()
        self._compare_parked()

    def _expect(self, verdict: Verdict, *, owed: bool) -> None:
        if (reply := expected_reply(verdict)) is not None:
            self.replies.expect(reply, owed=owed)
        for event in expected_events(verdict):
            self.events.expect(event, owed=owed)
        self._expected_letters += [(letter, owed) for letter in expected_letters(self._logs, verdict)]
        if not owed:
            self._unsettled.add(_name(verdict.record.key))

    def _folded(self, record: Record, event: Json, before: Standing | None, after: Standing) -> None:
        self._projected.event(record, event, before, after)
        self._snapshots.compare(str(event.get("subject")), after.version, after.state, after.time)

    def _recall(self, subject: str, event: Json) -> None:
        """What the events make of an entity is what the first command found."""
        entity, after = self._judge.entities.setdefault(subject, Entity()), self._walk.standing[subject]
        entity.state, entity.time = after.state, after.time
        entity.ids.append(event["id"] if is_uuid(event.get("id")) else _NO_ID)

    def _check_covered(self) -> None:
        for entity_id, one in self._walk.standing.items():
            if (covered := self._snapshots.covered(entity_id)) < one.version:
                needed = (self._snapshots.checkpoint or {})["needed"]["events"]
                self._report.wrong(
                    self._logs.place("snapshots"),
                    f"events are needed from {needed} on, but before that {entity_id} came to {one.version}, "
                    f"and its last snapshot tells {covered}",
                )

    def _compare_letters(self) -> None:
        def judged(key: bytes | None, offset: str | None) -> bool:
            number = int(offset) if offset is not None and offset.isdecimal() else self._horizon.first
            return number >= self._horizon.first and _name(key) not in self._judge.lost

        letters = [letter for letter in self._letters if judged(letter.key, offset_of(letter))]
        expected = [(letter, owed) for letter, owed in self._expected_letters if judged(letter.content["key"], None)]
        self._report.counts["dead letters"] += len(letters)
        compare_letters(self._report, self._logs, expected, letters, self._received)

    def _compare_parked(self) -> None:
        """How parking ended for each entity of which that is known."""
        entities, parked = self._judge.entities, self._snapshots.parked
        known = entities.keys() if not self._horizon.complete else entities.keys() | parked.keys()
        unknown = self._judge.lost | self._horizon.unsure.keys() | self._unsettled | self._snapshots.unsettled
        for entity_id in known - unknown:
            if not self._horizon.complete and entity_id not in self._horizon.versions:
                continue
            entity = entities.get(entity_id)
            waits = entity.parked if entity else None
            since = waits.since if waits else None
            self._report.counts["parked entities"] += since is not None
            if parked.get(entity_id) not in {since, *(waits.perhaps if waits else ())}:
                told = f"parked from {parked.get(entity_id)}, must be from {since} (None: not parked)"
                self._report.wrong(self._logs.place("snapshots"), f"the last record of {entity_id}: {told}")


def _name(key: bytes | None) -> str:
    return (key or b"").decode("utf-8", "replace")
