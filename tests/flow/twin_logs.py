"""What a twin has written, as the independent checker reads it."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from service.audit.records import DataKey, PartitionLogs, Record
from service.audit.report import Report
from tests.checker.handmade import checkpoint
from tests.checker.judged import check_logs
from tests.domain.partition import Partition, Stored
from tests.flow.harness import PARTITIONS


def judged(partitions: Iterable[Partition], *, of: int = PARTITIONS, troubled: bool = False) -> Report:
    """The checker's report on some of so many partitions; `troubled` where commands may fail or be put off."""
    chosen = [*partitions]
    keys = {id_: DataKey(key.kid, key.secret) for one in chosen for id_, key in one.keys.kept("user").items()}
    logs = [logs_of(partition, of) for partition in chosen]
    return check_logs(logs, keys=keys, failures_allowed=troubled, busy_allowed=troubled)


def logs_of(partition: Partition, of: int) -> PartitionLogs:
    """All of them, and a checkpoint at the end."""
    logs = PartitionLogs(partition.aggregate.name, partition.number, of)
    logs.records["commands"] = _records(partition.commands)
    logs.records["events"] = _records(partition.events)
    logs.records["replies"] = _records(partition.replies)
    logs.records["dead-letters"] = _records(partition.dead_letters)
    logs.starts["dead-letters"] = partition.letters_taken
    logs.records["snapshots"] = _records(partition.snapshots)
    if partition.commands:
        last = next(record for record in logs.records["commands"] if record.offset == partition.judged - 1)
        value = orjson.dumps(checkpoint(logs, last))
        logs.records["snapshots"] += [Record(len(partition.snapshots), b"checkpoint", value)]
    return logs


def _records(topic: Iterable[Stored]) -> list[Record]:
    return [Record(one.offset, one.key, one.value, one.timestamp, tuple(one.headers)) for one in topic]
