"""Checks what a running or finished service left on a real Kafka and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from service.audit.records import AGGREGATES, PartitionLogs
from service.audit.report import Report
from tests.checker.database import read_keys, read_projections
from tests.checker.judged import check_logs
from tests.checker.projections import Projections
from tests.checker.reader import read_logs
from tests.checker.waiting import wait_until_handled


def check(  # noqa: PLR0913  # each says something else about the run
    bootstrap_servers: str,
    database_url: str | None = None,
    *,
    prefix: str = "",
    aggregates: Sequence[str] = AGGREGATES,
    settled: bool = True,
    compacted: bool = False,
    allow_import: bool = True,
    failures_allowed: bool = False,
    busy_allowed: bool = False,
    timeout: float = 60.0,
) -> Report:
    """Read everything and judge it; blocks, so call it by `asyncio.to_thread` where a loop is running.

    With `settled` it first waits, at most `timeout` seconds, till the checkpoints cover the commands and the
    projections the logs. Without, what was not handled may be missing, and projections are not looked at.
    """
    deadline = time.monotonic() + timeout
    if settled:
        wait_until_handled(bootstrap_servers, aggregates, prefix=prefix, deadline=deadline)
    logs = read_logs(bootstrap_servers, aggregates, prefix=prefix, deadline=deadline + timeout)
    report = Report()
    keys = projections = None
    if database_url is not None:
        keys = asyncio.run(read_keys(database_url, prefix)) if "user" in aggregates else {}
        if settled:
            projections = asyncio.run(_projections(report, database_url, logs, prefix, deadline))
    judged = check_logs(
        logs,
        settled=settled,
        compacted=compacted,
        allow_import=allow_import,
        failures_allowed=failures_allowed,
        busy_allowed=busy_allowed,
        keys=keys,
        projections=projections,
    )
    report.counts += judged.counts
    report.violations += judged.violations
    return report


async def _projections(
    report: Report, database_url: str, logs: list[PartitionLogs], prefix: str, deadline: float
) -> Projections:
    return await read_projections(report, database_url, logs, prefix=prefix, deadline=deadline)
