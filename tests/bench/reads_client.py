"""Reads over HTTP in an open loop, by a client that costs the machine little."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import perf_counter

from tests.bench.failure import BenchFailed
from tests.bench.figures import Figures, percentiles

_LATEST = 30.0
_CONNECTIONS = 50
_OK = b"HTTP/1.1 200 "


class Reader:
    """Asks one server for paths, each over a connection that nobody else uses meanwhile; there are not many of them."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free = asyncio.Semaphore(_CONNECTIONS)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def get(self, path: str) -> bytes:
        """The body of a good answer; raises BenchFailed for any other."""
        async with self._free:
            return await self._get(path)

    async def _get(self, path: str) -> bytes:
        # The server gives up those that were idle for long.
        self._idle = [one for one in self._idle if not one[0].at_eof()]
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: fairlead\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        [length] = [line[16:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: ")]
        body = await reader.readexactly(int(length))
        self._idle.append((reader, writer))
        if not head.startswith(_OK):
            raise BenchFailed(f"{path}: {head.splitlines()[0].decode()}: {body.decode()}")
        return body

    async def run(self, paths: Iterator[str], per_second: float, seconds: float) -> Figures:
        """Percentiles of the milliseconds from when a read was due until its answer was there."""
        waited: list[float] = []

        async def read(path: str, due: float) -> None:
            await self.get(path)
            waited.append(1_000 * (perf_counter() - due))

        began = perf_counter() + 0.1
        async with asyncio.timeout(seconds + _LATEST), asyncio.TaskGroup() as group:
            for number in range(int(per_second * seconds)):
                due = began + number / per_second
                await asyncio.sleep(max(0.0, due - perf_counter()))
                group.create_task(read(next(paths), due))
        return percentiles(waited)

    def close(self) -> None:
        """Give all connections up."""
        for _, writer in self._idle:
            writer.close()
