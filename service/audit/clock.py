"""Holds what checkpoints say of commands, and of the partition's clock, to the commands and replies themselves."""

from __future__ import annotations

from service.audit.records import PartitionLogs, Record
from service.audit.report import Report
from service.audit.snapshot_log import SnapshotLog
from service.audit.window import KEPT


class Clock:
    """Told commands and replies, each in order; times in microseconds."""

    def __init__(self, report: Report, logs: PartitionLogs, snapshots: SnapshotLog) -> None:
        self._report = report
        self._logs = logs
        self._claims = snapshots.last_commands()[::-1]
        self._checkpoint = snapshots.checkpoint
        self._needed = snapshots.checkpoint["needed"] if snapshots.checkpoint else {"replies": 0}
        self._then = self._now = 0

    def command(self, record: Record) -> None:
        """The next command."""
        if record.offset < (self._checkpoint or {"next_offset": 0})["next_offset"]:
            self._now = max(self._now, record.timestamp * 1000)
        while self._claims and self._claims[-1][0] <= record.offset:
            offset, timestamp, checkpoint = self._claims.pop()
            # What was before the first command may have been removed.
            gone = offset < record.offset and offset < self._logs.start("commands")
            if not gone and (offset, timestamp) != (record.offset, record.timestamp):
                told = f"checkpoint names another last command: {offset} of {timestamp}"
                self._report.wrong(self._logs.place("snapshots", checkpoint), told)

    def reply(self, record: Record) -> None:
        """The next reply."""
        if record.offset < self._needed["replies"]:
            self._then = max(self._then, record.timestamp * 1000)

    def finish(self, *, complete: bool) -> None:
        """All are told; what the clock was is known only where the logs are complete."""
        for offset, _, checkpoint in self._claims:
            if offset >= self._logs.start("commands"):
                told = f"checkpoint names a last command that is not there: {offset}"
                self._report.wrong(self._logs.place("snapshots", checkpoint), told)
        if not complete or self._checkpoint is None:
            return
        place, replies = self._logs.place("snapshots"), self._needed["replies"]
        if self._needed["clock"] != self._then:
            self._report.wrong(place, f"the clock at reply {replies} is {self._needed['clock']}, must be {self._then}")
        if self._then and self._then > self._now - KEPT:
            self._report.wrong(place, f"replies are needed from {replies} on, but some before that still count")
