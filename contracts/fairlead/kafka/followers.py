"""Everybody who reads events ends with the client, and is told so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import ConsumerStoppedError, KafkaError

from fairlead.failures import CLOSED
from fairlead.kafka.consumers import stop

T = TypeVar("T")


class Followers:
    """The consumers of one client that somebody reads events with."""

    def __init__(self) -> None:
        self._consumers: set[AIOKafkaConsumer] = set()
        self._starting: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def unless_closed(
        self, starting: Coroutine[Any, Any, T], undo: Callable[[T], Awaitable[None]] | None = None
    ) -> T:
        """What this comes to, undone where nobody gets it; raises ConnectionError where the client is closed before."""
        if self._closed:
            starting.close()
            raise ConnectionError(CLOSED)
        task = asyncio.create_task(starting)
        self._starting.add(task)
        try:
            return await task
        except asyncio.CancelledError as error:
            # In one turn it may come to its end, and whoever waits for it be cancelled.
            if undo is not None and task.done() and not task.cancelled() and task.exception() is None:
                await undo(task.result())
            if self._closed:
                raise ConnectionError(CLOSED) from error
            raise
        finally:
            self._starting.discard(task)

    @asynccontextmanager
    async def reading(self, consumer: AIOKafkaConsumer) -> AsyncIterator[None]:
        """Stopped after the block; raises ConnectionError where the client is closed before."""
        try:
            if self._closed:
                raise ConnectionError(CLOSED)
            self._consumers.add(consumer)
            yield
        except (ConsumerStoppedError, KafkaError) as error:
            if self._closed:
                raise ConnectionError(CLOSED) from error
            raise
        finally:
            self._consumers.discard(consumer)
            await stop(consumer)

    def close(self) -> Awaitable[Any]:
        """Have all stop, at once and from now on; to be awaited until they have."""
        self._closed = True
        starting = [*self._starting]
        for task in starting:
            task.cancel()
        stopping = (stop(consumer) for consumer in self._consumers)
        # Who is cancelled while it starts has connections to close: they are not to outlive the client.
        return asyncio.gather(*starting, *stopping, return_exceptions=True)
