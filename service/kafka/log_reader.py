"""Reading a stretch of a log to its end, with a new client where one stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from service.kafka.bare import barely
from service.kafka.stopping import stop_within

log = structlog.get_logger()

_POLL_MS = 200
# What is folded in one step holds up heartbeats and other partitions.
_RECORDS = 500
_STALL_SECONDS = 10.0
_STOP_SECONDS = 1.0

Tell = Callable[[str | None], None]


@asynccontextmanager
async def open_reader(
    connection: Mapping[str, Any], isolation: str, *, out_of_range: str = "none"
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group; raises KafkaError where no broker answers.

    `out_of_range` is aiokafka's auto_offset_reset: by default what is not there is an error, and not passed over.
    """
    reader = AIOKafkaConsumer(
        **connection,
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset=out_of_range,
        max_partition_fetch_bytes=1 << 20,
        request_timeout_ms=10_000,
        retry_backoff_ms=20,
    )
    try:
        await reader.start()
        yield reader
    finally:
        await stop_within(reader, _STOP_SECONDS)


async def read_log(
    connection: Mapping[str, Any],
    starts: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
    tell: Tell = lambda _: None,
) -> AsyncGenerator[tuple[TopicPartition, list[Any]], None]:
    """All committed records of each partition from its start up to its end, as `bare`, a few hundred at a time.

    `tell` hears why nothing comes, and None once something does.
    """
    at = {tp: start for tp, start in starts.items() if start < ends[tp]}
    while at:
        async with open_reader(barely(connection), "read_committed") as reader:
            reader.assign(list(at))
            for tp, offset in at.items():
                reader.seek(tp, offset)
            async for tp, records in _until_stalled(reader, at, ends):
                tell(None)
                yield tp, records
        if at:
            where = ", ".join(f"{tp.topic}[{tp.partition}]" for tp in at)
            log.warning("waiting for an open transaction", topics=[f"{tp.topic}[{tp.partition}]" for tp in at])
            tell(f"an open transaction hides the end of {where}: `kafka-transactions.sh` shows whose, and can abort it")


async def _until_stalled(
    reader: AIOKafkaConsumer, at: dict[TopicPartition, int], ends: Mapping[TopicPartition, int]
) -> AsyncGenerator[tuple[TopicPartition, list[Any]], None]:
    """Read on and keep `at`, without what is read to its end; return when all are, or when nothing moves for long."""
    loop = asyncio.get_running_loop()
    moved = loop.time()
    while True:
        for tp in list(at):
            position = await reader.position(tp)
            if position != at[tp]:
                at[tp], moved = position, loop.time()
            if position >= ends[tp]:
                del at[tp]
        if not at or loop.time() - moved > _STALL_SECONDS:
            return
        batches = await reader.getmany(*at, timeout_ms=_POLL_MS, max_records=_RECORDS)
        for tp, records in batches.items():
            # What comes after the end another log may not have yet.
            if records and records[-1].offset >= ends[tp]:
                records = [record for record in records if record.offset < ends[tp]]  # noqa: PLW2901  # the others are none
            if records:
                yield tp, records
