"""A consumer of committed records that has started, or has left nothing behind; and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError, KafkaError

from fairlead.failures import TopicsMissing, Unreachable


@asynccontextmanager
async def starting(connection: Mapping[str, Any], *needed: str, **settings: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """One of no group, running after the block; where that fails, stopped. Raises TopicsMissing and Unreachable."""
    consumer = AIOKafkaConsumer(**connection, isolation_level="read_committed", enable_auto_commit=False, **settings)
    try:
        await consumer.start()
        # Asking for all topics creates none, as asking for one by its name can.
        _require({*needed}, await consumer.topics())
        yield consumer
    except BaseException as error:
        await stop(consumer)
        # A broker that is not let in by its controller names none, which aiokafka has no narrower error for.
        if isinstance(error, KafkaConnectionError) or type(error) is KafkaError:
            raise Unreachable(connection["bootstrap_servers"]) from error
        raise


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


def _require(needed: set[str], present: set[str]) -> None:
    if missing := needed - present:
        msg = f"Topics missing: {', '.join(sorted(missing))}; `fairlead topics apply` creates them"
        raise TopicsMissing(msg)
