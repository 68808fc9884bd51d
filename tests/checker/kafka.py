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

# What was written in any test is read within it on any machine.
# A transaction that a killed owner left open hides the end for a minute, and until the broker looks.
_READING_SECONDS = 120.0


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
    reading: float | None = None,
) -> Report:
    """Read everything and judge it; blocks, so call it by `asyncio.to_thread` where a loop is running.

    With `settled` it first waits till the checkpoints cover the commands, and later till the projections cover the
    logs, at most `timeout` seconds each. Without, what was not handled may be missing, and projections are not looked
    at. Reading has `reading` seconds of its own: where none are said two minutes, or `timeout` where that is longer.
    """
    if settled:
        deadline = time.monotonic() + timeout
        wait_until_handled(bootstrap_servers, aggregates, prefix=prefix, deadline=deadline)
    seconds = max(timeout, _READING_SECONDS) if reading is None else reading
    logs = read_logs(bootstrap_servers, aggregates, prefix=prefix, deadline=time.monotonic() + seconds)
    report = Report()
    keys = projections = None
    if database_url is not None:
        keys = asyncio.run(read_keys(database_url, prefix)) if "user" in aggregates else {}
        if settled:
            projections = asyncio.run(_projections(report, database_url, logs, prefix, time.monotonic() + timeout))
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
