"""A consumer of committed records that has started, or has left nothing behind; what it reads; and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from fairlead.kafka.cluster import answering, require

# So long may pass until it is seen that nothing more will come.
_PATIENCE_MS = 1_000
_ENDED = (
    "aiokafka reads nothing more, and its log says why. Begin anew: send the command again with its id, or follow "
    "events from the last token on"
)


@asynccontextmanager
async def starting(connection: Mapping[str, Any], *needed: str, **settings: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """One of no group, running after the block; where that fails, stopped. Raises TopicsMissing and Unreachable."""
    consumer = AIOKafkaConsumer(**connection, isolation_level="read_committed", enable_auto_commit=False, **settings)
    with answering(connection):
        try:
            await consumer.start()
            await require(consumer._client, *needed)  # noqa: SLF001  # no other way
            yield consumer
        except BaseException:
            await stop(consumer)
            raise


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    """All partitions of a topic that there is, in order."""
    return sorted(await consumer._client._wait_on_metadata(topic))  # noqa: SLF001  # as a producer does


async def read(consumer: AIOKafkaConsumer, max_records: int) -> Mapping[TopicPartition, Sequence[Any]]:
    """What has come, maybe nothing; raises ConnectionError once nothing more will, and what aiokafka does."""
    found: Mapping[TopicPartition, Sequence[Any]]
    found = await consumer.getmany(timeout_ms=_PATIENCE_MS, max_records=max_records)
    # Where an error of its own ends the task that fetches, aiokafka says so to nobody who waits for more.
    if not found and consumer._fetcher.error_future.done() and not consumer._closed:  # noqa: SLF001  # no other way
        raise ConnectionError(_ENDED)
    return found


async def stop(consumer: AIOKafkaConsumer) -> None:
    """Have it end, and its connections too, whatever aiokafka's own stop comes to; raises nothing of that."""
    # Who is cancelled meanwhile leaves nothing behind either.
    await asyncio.shield(asyncio.ensure_future(_stop(consumer)))


async def _stop(consumer: AIOKafkaConsumer) -> None:
    # Of a background task that has not had its first turn yet aiokafka's stop gets CancelledError, and goes no further.
    await asyncio.sleep(0)
    # It gets one of each fetch that waits to try again, too, as all do while no broker answers.
    if any(await asyncio.gather(consumer.stop(), return_exceptions=True)):
        await consumer._client.close()  # noqa: SLF001  # no other way
