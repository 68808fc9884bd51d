"""The checkpoint of a partition: what was handled, and that nothing beyond it is claimed."""

from __future__ import annotations

from tests.checker.records import PartitionLogs
from tests.checker.report import Report
from tests.checker.text import parse

KEY = b"checkpoint"


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
    last: tuple[int, int] | None = None
    for record in logs.records["snapshots"]:
        place = logs.place("snapshots", record.offset)
        if record.value is None:
            report.wrong(place, "a tombstone, which no snapshot may be")
        elif record.key == KEY:
            try:
                next_offset = parse(record.value)["next_offset"]
            except (ValueError, KeyError, TypeError):
                next_offset = None
            if type(next_offset) is not int:
                report.wrong(place, "checkpoint without an integer next_offset")
                continue
            if last is not None and next_offset <= last[1]:
                report.wrong(place, f"checkpoint {next_offset} after {last[1]}: it has to rise")
            last = (record.offset, next_offset)
    return last
