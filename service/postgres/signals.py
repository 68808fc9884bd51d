"""Who waits for a projection hears from it when it has moved on, and need not ask again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from service.postgres.names import Names
from service.postgres.pool import Connection, Pool, passing_faults

log = structlog.get_logger()

_BACKOFF_SECONDS = 1.0
# Nothing else is ever sent on this connection: one whose other end is gone would look like projections at rest.
_ASK_SECONDS = 10.0
_ANSWER_SECONDS = 5.0


@asynccontextmanager
async def open_signals(pool: Pool, names: Names) -> AsyncIterator[Signals]:
    """Signals that come until it is left."""
    signals = Signals(pool, names)
    listening = asyncio.create_task(signals.run(), name="signals")
    try:
        yield signals
    finally:
        listening.cancel()


class Signals:
    """Events of projections that have moved on; they come only while `run` does."""

    def __init__(self, pool: Pool, names: Names) -> None:
        self._pool = pool
        self._names = names
        self._events: dict[str, asyncio.Event] = {}

    def next(self, projection: str) -> asyncio.Event:
        """Set once the projection, or `builds.CHANGED`, moves on after this call: ask for it, then look, then wait."""
        return self._events.setdefault(projection, asyncio.Event())

    async def run(self) -> None:
        """Listen until cancelled, over lost connections."""
        while True:
            try:
                with passing_faults():
                    await self._listen()
            except Exception as fault:  # noqa: BLE001  # whoever waits would never hear that nobody listens any more
                log.warning("not hearing from projections", reason=f"{type(fault).__name__}: {fault}")
            await asyncio.sleep(_BACKOFF_SECONDS)

    async def _listen(self) -> None:
        async with self._pool.acquire() as connection:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(self._names.channel, self._heard)
            # What moved while nobody listened was not heard.
            for projection in list(self._events):
                self._wake(projection)
            try:
                while not lost.is_set():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(lost.wait(), _ASK_SECONDS)
                    await _require_answer(connection)
            finally:
                await connection.remove_listener(self._names.channel, self._heard)

    def _heard(self, _connection: Any, _process: int, _channel: str, projection: str) -> None:
        self._wake(projection)

    def _wake(self, projection: str) -> None:
        if event := self._events.pop(projection, None):
            event.set()


async def _require_answer(connection: Connection) -> None:
    try:
        await connection.execute("SELECT 1", timeout=_ANSWER_SECONDS)
    except TimeoutError:
        # To stop listening in order would be waited for too.
        connection.terminate()
        raise
