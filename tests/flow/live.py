"""Logs in memory read as an audit reads those of a running system: whole, shortened, or in the middle of something."""

from __future__ import annotations

from collections.abc import Mapping

from service.audit.foresight import Foresight
from service.audit.live import LivePartition
from service.audit.records import KINDS, DataKey, Keys, PartitionLogs, Record
from service.audit.report import Report
from service.audit.snapshot_log import SnapshotLog
from service.audit.tables import Tables

_BATCH = 3


def judge_live(
    logs: PartitionLogs, *, keys: Keys | None = None, settled: int | None = None, tables: Tables | None = None
) -> Report:
    """What an audit says; of the snapshots so many were there before the other logs' ends were looked up."""
    report = Report()
    for kind in KINDS:
        logs.ends.setdefault(kind, logs.end(kind))
    snapshots = SnapshotLog(report, logs)
    records = logs.records["snapshots"]
    for number, record in enumerate(records):
        if number == settled:
            snapshots.settle()
        snapshots.take(record)
    if settled is None or settled >= len(records):
        snapshots.settle()
    handled = [record for record in logs.records["commands"] if record.offset < snapshots.allowed]
    foresight = Foresight(logs, logs.start("commands"), snapshots.allowed)
    for record in logs.records["replies"]:
        foresight.take(record)
    foresight.finish()
    letters = logs.records["dead-letters"]
    tables = tables or Tables((), {}, {}, {id_: DataKey(key.kid, key.secret) for id_, key in (keys or {}).items()})
    partition = LivePartition(report, logs, snapshots, foresight, letters, tables, keys)
    _feed(partition, handled, logs.records)
    partition.finish()
    return report


def _feed(partition: LivePartition, commands: list[Record], records: Mapping[str, list[Record]]) -> None:
    replies, events = iter(records["replies"]), iter(records["events"])
    while partition.recalling and (event := next(events, None)):
        partition.event(event)
    for start in range(0, len(commands), _BATCH):
        for command in commands[start : start + _BATCH]:
            partition.command(command)
        while partition.replies.missing and (reply := next(replies, None)):
            partition.reply(reply)
        while partition.events.missing and (event := next(events, None)):
            partition.event(event)
    for reply in replies:
        partition.reply(reply)
    for event in events:
        partition.event(event)
