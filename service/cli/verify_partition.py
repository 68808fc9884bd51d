"""One partition read in an order in which nothing that is still in the making can be taken for a fault."""

from __future__ import annotations

import asyncio
from collections import ChainMap
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.audit.foresight import Foresight
from service.audit.kept import Kept, position_of
from service.audit.live import LivePartition
from service.audit.records import Keys, PartitionLogs, Record
from service.audit.report import Report
from service.audit.snapshot_log import SnapshotLog
from service.audit.tables import Tables
from service.kafka.audited import Bounds, read_records
from service.kafka.topics import KINDS
from service.postgres.audited import Audited
from service.store.beside import Beside, stores_beside
from service.store.shelf import boot

# So far it is looked ahead for what is missing.
_AHEAD = 20_000

Passed = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything is read from; `passed` hears of so many offsets more."""

    report: Report
    connection: Mapping[str, Any]
    bounds: Bounds
    audited: Audited
    tables: Tables
    state_dir: Path | None
    passed: Passed


async def verify_partition(sources: Sources, logs: PartitionLogs) -> None:
    """Judge it, once the rows have been read."""
    with _stores(sources, logs) as stores:
        await _Reading(sources, logs, stores).verify()


@contextmanager
def _stores(sources: Sources, logs: PartitionLogs) -> Iterator[list[Beside]]:
    if sources.state_dir is None:
        yield []
        return
    with stores_beside(sources.state_dir, f"{logs.topic('events')}-{logs.partition}") as stores:
        yield stores


class _Reading:
    """Rows, then local state, then snapshots, then the other logs' ends, then snapshots again.

    So whatever rows and stores rest on is in the logs; all commands before the first checkpoint have their outcome in
    them; and all outcomes in them are of commands before the second one.
    """

    def __init__(self, sources: Sources, logs: PartitionLogs, stores: list[Beside]) -> None:
        self._sources = sources
        self._logs = logs
        self._stores = stores
        self._topics = {kind: logs.topic(kind) for kind in KINDS}

    async def verify(self) -> None:
        sources, logs = self._sources, self._logs
        snapshots = SnapshotLog(sources.report, logs)
        middle = await self._bounds()
        await self._take("snapshots", snapshots.take, *middle["snapshots"])
        snapshots.settle()
        bounds = await self._bounds()
        await self._take("snapshots", snapshots.take, middle["snapshots"][1], (await self._bounds())["snapshots"][1])
        logs.starts |= {kind: start for kind, (start, _) in bounds.items()}
        logs.ends |= {kind: end for kind, (_, end) in bounds.items()}
        logs.ends["commands"] = end = (await self._bounds())["commands"][1]
        if snapshots.checkpoint is None and logs.ends["replies"]:
            sources.report.wrong(logs.place("snapshots"), "has no checkpoint, although there are replies")
        end = min(end, snapshots.allowed)
        known = sources.tables.keys
        keys: Keys | None = known
        if known is not None and logs.aggregate == "user":
            keys = ChainMap(await sources.audited.late_keys(known), known)
        letters: list[Record] = []
        await self._take("dead-letters", letters.append, *bounds["dead-letters"])
        foresight = Foresight(logs, logs.starts["commands"], end)
        await self._take("replies", foresight.take, *bounds["replies"])
        foresight.finish()
        kept = [*self._kept(snapshots)]
        partition = LivePartition(sources.report, logs, snapshots, foresight, letters, sources.tables, keys, kept)
        await self._judge(partition, logs.starts["commands"], end)
        partition.finish()

    async def _judge(self, partition: LivePartition, start: int, end: int) -> None:
        replies = self._read("replies", self._logs.starts["replies"], self._logs.ends["replies"])
        events = self._read("events", self._logs.starts["events"], self._logs.ends["events"])
        while partition.recalling and await _each(events, partition.event):
            pass
        async for batch in self._read("commands", start, end):
            for record in batch:
                partition.command(record)
            for log, take, pairing in (
                (replies, partition.reply, partition.replies),
                (events, partition.event, partition.events),
            ):
                while pairing.missing and pairing.ahead < _AHEAD and await _each(log, take):
                    pass
        while await _each(replies, partition.reply):
            pass
        while await _each(events, partition.event):
            pass

    async def _take(self, kind: str, take: Callable[[Record], None], start: int, end: int) -> None:
        async for batch in self._read(kind, start, end):
            for record in batch:
                take(record)

    async def _read(self, kind: str, start: int, end: int) -> AsyncGenerator[list[Record], None]:
        at = start
        reading = read_records(self._sources.connection, self._topics[kind], self._logs.partition, start, end)
        async for batch in reading:
            yield batch
            self._sources.passed(batch[-1].offset + 1 - at if batch else 0)
            at = batch[-1].offset + 1 if batch else at
            # Readers need their turn to go on fetching.
            await asyncio.sleep(0)
        self._sources.passed(max(0, end - at))

    async def _bounds(self) -> Mapping[str, tuple[int, int]]:
        return await self._sources.bounds.of(self._topics, self._logs.partition)

    def _kept(self, snapshots: SnapshotLog) -> Iterator[Kept]:
        fold = snapshots.checkpoint["fold"] if snapshots.checkpoint else ""
        for store in self._stores:
            position = position_of(store.get("meta", "standpoint") or b"", boot(), fold)
            if position is None:
                self._sources.report.counts["local stores that their handler would not believe"] += 1
                continue
            self._sources.report.counts["local stores"] += 1
            yield Kept(str(store.path), self._logs.aggregate, position, store.items("entities"))


async def _each(log: AsyncGenerator[list[Record], None], take: Callable[[Record], None]) -> bool:
    """Take what comes next; whether there was anything."""
    batch = await anext(log, None)
    for record in batch or ():
        take(record)
    return batch is not None
