"""aiokafka's clients stop when they have done all they wanted to: here that has a bound, whatever they hang in."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


async def stop_within(client: AIOKafkaConsumer | AIOKafkaProducer, seconds: float) -> None:
    """Stop a client; one that takes longer or fails is left behind, and the connections under it are closed."""
    # One that is cancelled in the midst of its stop would work on for ever, and keep its connections.
    await asyncio.shield(asyncio.ensure_future(_stop(client, seconds)))


async def _stop(client: AIOKafkaConsumer | AIOKafkaProducer, seconds: float) -> None:
    # Of a background task that has not had its first turn yet aiokafka's stop gets CancelledError, and goes no further.
    await asyncio.sleep(0)
    if not await _within(client.stop(), seconds):
        connections = client._client if isinstance(client, AIOKafkaConsumer) else client.client  # noqa: SLF001  # no other way
        await _within(connections.close(), seconds)


async def _within(stopping: Coroutine[Any, Any, None], seconds: float) -> bool:
    """Whether it came to its end by then, and did all that it was to do."""
    # Not wait_for: it waits for what it cancels, and what hangs here may not hear of it.
    task = asyncio.ensure_future(stopping)
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    try:
        await asyncio.wait({task}, timeout=seconds)
        return task.done() and not task.cancelled() and task.exception() is None
    finally:
        task.cancel()
