"""A way to the broker on which commits are late: each arrives a second time, inside a later transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_PRODUCE = 0
_END_TXN = 26
_ERROR_CODE = slice(8, 10)  # after the correlation id and the throttle time


class LateCommit:
    """Keeps an EndTxn and drops its connection; sends it once another transaction is half published; then the next.

    `answers` are the error codes of those that were late; `done` is set once all were, or one was carried out.
    """

    def __init__(self, broker: str, rounds: int = 1) -> None:
        self.port = 0
        self.answers: list[int] = []
        self.done = asyncio.Event()
        self._rounds = rounds
        self._host, _, port = broker.rpartition(":")
        self._broker_port = int(port)
        self._held: bytes | None = None
        self._published = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve on `port` until exit."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()

    async def _serve(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            broker, on = await asyncio.open_connection(self._host, self._broker_port)
        except OSError:
            back.close()
            raise
        answers = asyncio.create_task(_copy(broker, back))
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while (frame := await self._pass(await _frame(client))) is not None:
                    on.write(frame)
                    await on.drain()
        finally:
            answers.cancel()
            on.close()
            back.close()

    async def _pass(self, frame: bytes) -> bytes | None:
        """The frame to send on, None where it is kept."""
        kind = int.from_bytes(frame[4:6])
        if kind == _END_TXN:
            self._published = 0
            if self._held is None and not self.done.is_set():
                self._held = frame
                return None
        elif kind == _PRODUCE and self._held is not None:
            self._published += 1
            if self._published == 2:
                self.answers.append(await self._ask(self._held))
                self._held = None
                if len(self.answers) == self._rounds or not self.answers[-1]:
                    self.done.set()
        return frame

    async def _ask(self, frame: bytes) -> int:
        broker, on = await asyncio.open_connection(self._host, self._broker_port)
        try:
            on.write(frame)
            answer = await _frame(broker)
        finally:
            on.close()
        return int.from_bytes(answer[4:][_ERROR_CODE])


async def _frame(reader: asyncio.StreamReader) -> bytes:
    size = await reader.readexactly(4)
    return size + await reader.readexactly(int.from_bytes(size))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while some := await reader.read(1 << 16):
            writer.write(some)
            await writer.drain()
        writer.close()
