"""Partition after partition is read and played, and nothing is written anywhere."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import NamedTuple

from fairlead.kafka.partitions import partition_of
from service.audit.records import Record
from service.cli.exits import Exit, Stop
from service.cli.progress import progress_of_known
from service.commands.rehearsing import Difference, Logs, Rehearsal, may_import
from service.domain import AGGREGATES
from service.kafka.audited import Bounds, open_bounds, read_records
from service.kafka.connection import connection
from service.kafka.topics import Topics, partition_count
from service.settings import Settings

_PLAYED = ("commands", "replies", "events")


class Window(NamedTuple):
    """From when to when, in milliseconds and inclusive, and under which key; None: all."""

    since: int | None
    until: int | None
    key: bytes | None


@dataclass(slots=True)
class Found:
    """What was compared, and the first differences, at most `keep` of them."""

    keep: int | None
    counts: Counter[str] = field(default_factory=Counter)
    first: list[Difference] = field(default_factory=list)
    differences: int = 0

    @property
    def compared(self) -> int:
        """How many commands were decided again."""
        return self.counts["decided again"]

    def add(self, difference: Difference) -> None:
        """One more."""
        self.differences += 1
        if self.keep is None or len(self.first) < self.keep:
            self.first.append(difference)


class _Span(NamedTuple):
    aggregate: str
    partition: int
    bounds: dict[str, tuple[int, int]]


async def rehearse_all(settings: Settings, aggregates: Sequence[str], window: Window, keep: int | None) -> Found:
    """Play what lies in a window; raises KafkaError, Stuck, and Stop without topics."""
    found, kafka = Found(keep), connection(settings)
    async with open_bounds(kafka) as bounds:
        spans = [span for name in aggregates for span in await _spans(settings, bounds, name, window)]
    with progress_of_known(transient=True) as bars:
        task = bars.add_task("Rehearsing", total=sum(_size(one, window) for one in spans))
        for span in spans:
            bars.update(task, description=f"Rehearsing {span.aggregate}, partition {span.partition}")
            await _play(settings, span, window, found, lambda count: bars.advance(task, count))
    return found


async def _spans(settings: Settings, bounds: Bounds, aggregate: str, window: Window) -> list[_Span]:
    topics = Topics(aggregate, settings.prefix)
    try:
        count = await partition_count(connection(settings), topics)
    except LookupError as missing:
        raise Stop(Exit.NOT_FOUND, str(missing)) from missing
    chosen = range(count) if window.key is None else [partition_of(window.key, count)]
    spans = []
    for partition in chosen:
        names = {kind: topics.name(kind) for kind in _PLAYED}
        whole = dict(await bounds.of(names, partition))
        for kind in ("commands", "replies"):
            start, end = whole[kind]
            if window.since is not None:
                start = await bounds.at(names[kind], partition, window.since)
            if window.until is not None:
                end = await bounds.at(names[kind], partition, window.until + 1)
            whole[kind] = start, max(start, end)
        spans.append(_Span(aggregate, partition, whole))
    return spans


def _size(span: _Span, window: Window) -> int:
    """How many offsets are read; commands twice where it is not known whose they are."""
    start, end = span.bounds["commands"]
    twice = end - start if window.key is None else 0
    return twice + sum(last - first for first, last in span.bounds.values())


async def _play(settings: Settings, span: _Span, window: Window, found: Found, passed: Callable[[int], None]) -> None:
    async def read(kind: str, wanted: Collection[bytes | None] | None) -> AsyncGenerator[list[Record], None]:
        start, end = span.bounds[kind]
        topic, at = Topics(span.aggregate, settings.prefix).name(kind), start
        try:
            async with aclosing(read_records(connection(settings), topic, span.partition, start, end)) as reading:
                async for batch in reading:
                    yield [one for one in batch if wanted is None or one.key in wanted]
                    passed(batch[-1].offset + 1 - at if batch else 0)
                    at = batch[-1].offset + 1 if batch else at
                    # Readers need their turn to go on fetching.
                    await asyncio.sleep(0)
        finally:
            passed(max(0, end - at))

    of_one: set[bytes | None] | None = None if window.key is None else {window.key}
    told, imported = of_one or set(), of_one or set()
    if of_one is None:
        async with aclosing(read("commands", None)) as reading:
            told, imported = await _whose(reading)
    wanted = {"commands": of_one, "replies": of_one, "events": told}
    async with AsyncExitStack() as stack:
        commands, replies, events = [
            await stack.enter_async_context(aclosing(read(kind, wanted[kind]))) for kind in _PLAYED
        ]
        logs = Logs(span.partition, commands, replies, events, imported)
        await Rehearsal(AGGREGATES[span.aggregate], logs, found.counts, found.add).run()


async def _whose(commands: AsyncIterator[Sequence[Record]]) -> tuple[set[bytes | None], set[bytes | None]]:
    """The keys of all, and of those that may import.

    Commands are kept for days and events for ever: of whom nothing is asked, nothing needs to be folded or kept.
    """
    told, imported = set[bytes | None](), set[bytes | None]()
    async for batch in commands:
        told.update(record.key for record in batch)
        imported.update(record.key for record in batch if may_import(record.value))
    return told, imported
