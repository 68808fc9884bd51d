"""A whole audit: the rows at one moment, then each partition, then what is left over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from service.audit.differences import differences
from service.audit.records import PartitionLogs
from service.audit.report import Report
from service.audit.tables import Tables
from service.cli.exits import Exit, Stop
from service.cli.progress import follow, progress_of_known
from service.cli.verify_partition import Sources, verify_partition
from service.kafka.audited import Bounds, open_bounds
from service.kafka.connection import connection
from service.kafka.topics import KINDS, Topics, partition_count
from service.postgres.audited import Audited
from service.postgres.names import Names
from service.postgres.pool import open_pool
from service.settings import Settings

# So many altered rows are read again, to say what in them is.
_READ_AGAIN = 100


async def verify(settings: Settings, aggregates: Sequence[str], state_dir: Path | None) -> Report:
    """What was compared and what was wrong; raises KafkaError, StoreUnavailable, and Stop without topics."""
    report, kafka = Report(), connection(settings)
    partitions = [logs for name in aggregates for logs in await _partitions(settings, name)]
    database = open_pool(settings.database_url.get_secret_value(), size=2, patience_s=0.0)
    async with database as pool, open_bounds(kafka) as bounds:
        audited = Audited(pool, Names(settings.prefix))
        with progress_of_known(transient=True) as bars:
            tables = await audited.tables(report, aggregates, follow(bars, "Reading rows"))
            judging = bars.add_task("Judging logs", total=sum([await _size(bounds, logs) for logs in partitions]))
            sources = Sources(
                report, kafka, bounds, audited, tables, state_dir, lambda count: bars.advance(judging, count)
            )
            for logs in partitions:
                place = f"{logs.aggregate} {logs.partition + 1} of {logs.partitions}"
                bars.update(judging, description=f"Judging logs, {place}")
                await verify_partition(sources, logs)
        tables.finish(report)
        await _name_columns(report, audited, tables)
    report.counts["partitions"] += len(partitions)
    if tables.keys is None and "user" in aggregates:
        report.counts["key stores that could not be read"] += 1
    return report


async def _partitions(settings: Settings, aggregate: str) -> list[PartitionLogs]:
    try:
        count = await partition_count(connection(settings), Topics(aggregate, settings.prefix))
    except LookupError as missing:
        raise Stop(Exit.NOT_FOUND, str(missing)) from missing
    return [PartitionLogs(aggregate, number, count, settings.prefix) for number in range(count)]


async def _size(bounds: Bounds, logs: PartitionLogs) -> int:
    spans = await bounds.of({kind: logs.topic(kind) for kind in KINDS}, logs.partition)
    # Replies are read twice.
    return sum(end - start for start, end in (*spans.values(), spans["replies"]))


async def _name_columns(report: Report, audited: Audited, tables: Tables) -> None:
    for suspect in tables.suspects[:_READ_AGAIN]:
        place, row = f"projection {suspect.view} {suspect.identity}", await audited.row(suspect)
        lines = [*differences(suspect.wanted, row)] if row is not None else ["row is gone, and was another before"]
        for line in lines or ["row was altered when it was read, and is not any more"]:
            report.wrong(place, line)
    for suspect in tables.suspects[_READ_AGAIN:]:
        report.wrong(f"projection {suspect.view} {suspect.identity}", "row is altered")
