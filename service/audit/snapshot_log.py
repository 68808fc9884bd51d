"""What the snapshots of a partition say, taken once from what compaction has left of them."""

from __future__ import annotations

from array import array
from collections import defaultdict
from typing import Any

from service.audit.checkpoint import KEY, malformed
from service.audit.differences import differences
from service.audit.expected import object_in
from service.audit.records import Json, PartitionLogs, Record
from service.audit.report import Report
from service.audit.states import tagged

# What a snapshot of a version has, without its state and with it.
BARE, WHOLE = {"parked", "version"}, {"parked", "version", "fold", "time", "state"}


class SnapshotLog:
    """Taken record by record; `settle` says where what is owed ends, behind it is what may be in the making.

    `parked` has who is parked, and from which command on; `told` all that was ever said of it, `late` what of that was
    said only where replies need not be there yet.
    """

    def __init__(self, report: Report, logs: PartitionLogs) -> None:
        self.checkpoint: Json | None = None
        self.owed = self.allowed = 0
        self.parked: dict[str, Any] = {}
        self.told: set[tuple[str, int]] = set()
        self.late: set[tuple[str, int]] = set()
        self.unsettled: set[str] = set()
        self._report = report
        self._logs = logs
        self._last: Json | None = None
        self._settled = False
        self._offset = 0
        self._commands = array("q")
        self._states: dict[str, dict[int, list[Record]]] = defaultdict(dict)
        self._covered: dict[str, tuple[Any, int]] = {}

    def take(self, record: Record) -> None:
        """The next record."""
        place = self._logs.place("snapshots", record.offset)
        if record.value is None:
            self._report.wrong(place, "a tombstone, which no snapshot may be")
            return
        value = object_in(record)
        if record.key == KEY:
            self._take_checkpoint(place, record.offset, value)
        elif value is None or "parked" not in value:
            self._report.wrong(place, "is no snapshot")
        else:
            self._take_entity(place, record, value)

    def settle(self) -> None:
        """What comes from now on may be of commands that are not looked at to their end."""
        self._settled, self.checkpoint, self.owed = True, self._last, self.allowed

    def _take_checkpoint(self, place: str, offset: int, value: Json | None) -> None:
        if value is None or (wrong := malformed(value)):
            self._report.wrong(place, f"checkpoint with a wrong {', '.join(wrong) if value else 'value'}")
            return
        last = self._last
        if last is not None and (value["next_offset"] < last["next_offset"] or _fell(last, value)):
            self._report.wrong(place, f"checkpoint {value['next_offset']} after {last['next_offset']}: it has to rise")
        at = value["last_command"]
        if at["offset"] >= value["next_offset"]:
            self._report.wrong(place, f"checkpoint {value['next_offset']} names another last command: {at}")
        if value.get("partitions", self._logs.partitions) != self._logs.partitions:
            told = f"checkpoint {value['next_offset']} is of {value['partitions']} partitions"
            self._report.wrong(place, f"{told}, but there are {self._logs.partitions}")
        if last is None or at != last["last_command"]:
            self._commands.extend((at["offset"], at["timestamp"], offset))
        self._last, self._offset, self.allowed = value, offset, value["next_offset"]

    def _take_entity(self, place: str, record: Record, value: Json) -> None:
        entity_id, parked = (record.key or b"").decode("utf-8", "replace"), value["parked"]
        since = parked.get("from") if isinstance(parked, dict) else None
        if parked is not None and (type(since) is not int or parked.keys() != {"from"}):
            self._report.wrong(place, f"snapshot of {entity_id}: parked is {parked!r}")
        if type(since) is int:
            if self._settled and (entity_id, since) not in self.told:
                self.late.add((entity_id, since))
            self.told.add((entity_id, since))
        self.parked[entity_id] = since
        if self._settled:
            self.unsettled.add(entity_id)
        if value.keys() == {"parked"}:
            return
        version = value.get("version")
        if value.keys() not in (BARE, WHOLE) or type(version) is not int or version < 1:
            self._report.wrong(place, f"snapshot of {entity_id}: has {sorted(value)}, version {version!r}")
            return
        whole = value.keys() == WHOLE
        fold = value["fold"] if whole else None
        # What hides a state after what is owed ends is no fault of the checkpoint before it.
        if not self._settled or (self.checkpoint is not None and fold == self.checkpoint["fold"]):
            self._covered[entity_id] = (fold, version if whole else 0)
        if not self._settled:
            self._states[entity_id].setdefault(version, []).append(record)

    def compare(self, entity_id: str, version: int, state: Json, time: int) -> None:
        """The events have made this of an entity: what its snapshots of this version have to say."""
        if entity_id not in self._states:
            return
        for record in self._states[entity_id].pop(version, ()):
            value = object_in(record) or {}
            if "state" not in value:
                continue
            if self.checkpoint is None or value["fold"] != self.checkpoint["fold"]:
                self._report.counts["snapshots of another fold, not compared"] += 1
                continue
            self._report.counts["snapshots"] += 1
            wanted = {"time": time, "state": tagged(self._logs.aggregate, state)}
            for line in differences(wanted, {name: value[name] for name in wanted}):
                place = self._logs.place("snapshots", record.offset)
                self._report.wrong(place, f"snapshot of {entity_id}: {line}")

    def covered(self, entity_id: str) -> int:
        """The version that the last snapshot of an entity tells, of the fold of the checkpoint; 0 for none."""
        fold, version = self._covered.get(entity_id, (None, 0))
        return version if self.checkpoint is not None and fold == self.checkpoint["fold"] else 0

    def last_commands(self) -> list[tuple[int, int, int]]:
        """What checkpoints say of the last command: its offset, its timestamp, and the offset of the checkpoint."""
        flat = iter(self._commands)
        return sorted(zip(flat, flat, flat, strict=True))

    def finish(self) -> None:
        """All events have been compared."""
        for entity_id, versions in self._states.items():
            for version, records in versions.items():
                place = self._logs.place("snapshots", records[0].offset)
                self._report.wrong(place, f"snapshot of {entity_id}: version {version}, to which it has not come")
        if self.allowed > (end := self._logs.end("commands")):
            told = f"the checkpoint {self.allowed} lies beyond the end of the commands, {end}"
            self._report.wrong(self._logs.place("snapshots"), told)
        if self.checkpoint is not None:
            self._report.counts["checkpoints"] += 1
            for kind, offset in self.checkpoint["reached"].items():
                if offset > self._logs.end(kind):
                    place = self._logs.place("snapshots")
                    self._report.wrong(place, f"the checkpoint lies beyond the end of the {kind}: {offset}")


def _fell(before: Json, after: Json) -> bool:
    return any(after["reached"][kind] < before["reached"][kind] for kind in before["reached"])
