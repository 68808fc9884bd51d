"""The checkpoint of a partition: what was handled, and that nothing beyond it is claimed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.audit.checkpoint import KEY, malformed
from service.audit.expected import object_in
from service.audit.records import Json, PartitionLogs
from service.audit.report import Report


def checked_end(report: Report, logs: PartitionLogs, *, settled: bool) -> int:
    """The offset before which every command must have its outcome; where all were handled, the end of the commands."""
    stands = _last(report, logs)
    commands = logs.records["commands"]
    after = commands[-1].offset + 1 if commands else 0
    if stands is None:
        if settled and commands:
            report.wrong(logs.place("snapshots"), f"no checkpoint, although there are {len(commands):,} commands")
        return after if settled else 0
    offset, next_offset = stands
    place = logs.place("snapshots", offset)
    if next_offset > logs.end("commands"):
        report.wrong(place, f"checkpoint {next_offset} lies beyond the end of the commands, {logs.end('commands')}")
    if settled and next_offset < after:
        report.wrong(place, f"checkpoint {next_offset} does not cover the commands, which go on to {after}")
    return after if settled else next_offset


def _last(report: Report, logs: PartitionLogs) -> tuple[int, int] | None:
    last: Json | None = None
    stands: tuple[int, int] | None = None
    times = {record.offset: record.timestamp for record in logs.records["commands"]}
    for record in logs.records["snapshots"]:
        place = logs.place("snapshots", record.offset)
        if record.value is None:
            report.wrong(place, "a tombstone, which no snapshot may be")
        elif record.key == KEY:
            value: Any = object_in(record)
            if wrong := malformed(value):
                report.wrong(place, f"checkpoint with a wrong {', '.join(wrong)}")
                continue
            for line in _faults(logs, times, value, last):
                report.wrong(place, f"checkpoint {line}")
            last, stands = value, (record.offset, value["next_offset"])
    return stands


def _faults(logs: PartitionLogs, times: Mapping[int, int], value: Json, before: Json | None) -> list[str]:
    next_offset, reached, at = value["next_offset"], value["reached"], value["last_command"]
    faults = []
    if value.get("partitions", logs.partitions) != logs.partitions:
        faults.append(f"{next_offset} is of {value['partitions']} partitions, but there are {logs.partitions}")
    if at["offset"] >= next_offset or times.get(at["offset"]) != at["timestamp"]:
        faults.append(f"{next_offset} names another last command: {at}")
    for kind, offset in reached.items():
        if offset > logs.end(kind):
            faults.append(f"{next_offset} lies beyond the end of the {kind}, {logs.end(kind)}: {offset}")
    if before is not None:
        # Snapshots that are swept while nothing is asked come with the same one once more.
        if next_offset < before["next_offset"] or (
            next_offset == before["next_offset"] and at != before["last_command"]
        ):
            faults.append(f"{next_offset} after {before['next_offset']}: it has to rise")
        faults += [
            f"{next_offset}: what {kind} reached has to rise"
            for kind in reached
            if reached[kind] < before["reached"][kind]
        ]
    return faults
