"""Checks whole logs, however they were read: everything that needs no server."""

from __future__ import annotations

from collections.abc import Iterable

from service.audit.model import Judge
from service.audit.records import Keys, PartitionLogs
from service.audit.report import Report
from tests.checker.partition import check_partition
from tests.checker.projections import Fold, Projections, check_projections
from tests.checker.told import told_by


def check_logs(  # noqa: PLR0913  # each says something else about the run
    partitions: Iterable[PartitionLogs],
    *,
    settled: bool = True,
    compacted: bool = False,
    allow_import: bool = True,
    failures_allowed: bool = False,
    busy_allowed: bool = False,
    keys: Keys | None = None,
    projections: Projections | None = None,
) -> Report:
    """Compare the logs with the decisions made again, and the projections, where given, with their fold.

    A reply `failed` or `busy` is wrong unless the run may have some. Where the snapshots are `compacted`, only the last
    of each entity is looked at, and whatever failed is taken to have parked its entity.
    """
    report, folds = Report(), []
    allowed = {"failed": failures_allowed, "busy": busy_allowed}
    unexpected = [status for status, may_be in allowed.items() if not may_be]
    for logs in partitions:
        judge = Judge(logs, allow_import=allow_import, keys=keys, told=told_by(logs, compacted=compacted))
        verdicts = check_partition(report, logs, judge, settled=settled, compacted=compacted, unexpected=unexpected)
        folds.append(Fold(logs, judge.entities, verdicts))
    if projections is not None:
        check_projections(report, folds, projections)
    return report
