"""Runs something that answers commands as a child, until all are answered, and tells what that took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from confluent_kafka import Consumer

from service.local.child import Child, Program, start, stop
from service.local.failure import tail
from tests.bench.commands import number_of
from tests.bench.failure import BenchFailed
from tests.bench.topics import committed, consumer, whole
from tests.bench.usage import Usage

_TICK = 0.2  # a look at all processes takes some milliseconds
_LOOK = 1.0
_STANDSTILL = 60.0
_STOP = 20.0


@asynccontextmanager
async def running(directory: Path, program: Program) -> AsyncIterator[Child]:
    """The child, gone on exit."""
    child = start(directory, program)
    try:
        yield child
    finally:
        await stop(child, _STOP)


def must_live(child: Child) -> None:
    """Raise BenchFailed where it has ended."""
    if (code := child.process.poll()) is not None:
        raise BenchFailed(f"{child.program.name} ended with code {code}: {tail(child.log)}; mend it and run again")


async def worked_off(
    child: Child, bootstrap_servers: str, topic: str, wanted: int, told: Callable[[int], None]
) -> Usage:
    """Return once the topic has so many records; raises BenchFailed where that stands still."""
    usage, asking = Usage(child.process.pid), consumer(bootstrap_servers)
    looked = moved = monotonic()
    written = 0
    try:
        while written < wanted:
            await asyncio.sleep(_TICK)
            usage.sample()
            if (now := monotonic()) < looked + _LOOK:
                continue
            looked, before = now, written
            written = await asyncio.to_thread(_written, asking, topic)
            told(min(written, wanted))
            if written > before:
                moved = now
            elif written < wanted:
                must_live(child)
            if now > moved + _STANDSTILL:
                raise BenchFailed(f"{topic} stands at {written:,} of {wanted:,}: {tail(child.log)}")
    finally:
        asking.close()
    usage.sample()
    return usage


def _written(asking: Consumer, topic: str) -> int:
    """How many records, a few markers of transactions among them; nothing is read for it."""
    return sum(high for _, high in (asking.get_watermark_offsets(at, timeout=10) for at in whole(topic)))


async def written_at(bootstrap_servers: str, topic: str, *, after: int = 0) -> Sequence[float]:
    """When the broker took each reply to a command with this number or a later one, in seconds of its clock."""
    return [
        message.timestamp()[1] / 1000
        async for message in committed(bootstrap_servers, topic)
        if not after or number_of(message.value() or b"") >= after
    ]
