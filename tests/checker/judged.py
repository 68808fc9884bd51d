"""Checks whole logs, however they were read: everything that needs no server."""

from __future__ import annotations

from collections.abc import Iterable

from tests.checker.model import Judge
from tests.checker.partition import check_partition
from tests.checker.projections import Fold, check_projections
from tests.checker.records import Keys, PartitionLogs, Projections
from tests.checker.report import Report


def check_logs(
    partitions: Iterable[PartitionLogs],
    *,
    settled: bool = True,
    allow_import: bool = True,
    keys: Keys | None = None,
    projections: Projections | None = None,
) -> Report:
    """Compare the logs with the decisions made again, and the projections, where given, with their fold."""
    report, folds = Report(), []
    for logs in partitions:
        judge = Judge(logs, allow_import=allow_import, keys=keys)
        verdicts = check_partition(report, logs, judge, settled=settled)
        folds.append(Fold(logs, judge.entities, verdicts))
    if projections is not None:
        check_projections(report, folds, projections)
    return report
