"""A Kafka that a test may stop, kill and start again, always on the same data and port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from service.local import kafka
from service.local.child import Child, stop
from service.local.kafka import start_kafka
from service.local.ports import free_port

_STOP_SECONDS = 30.0


class Broker:
    """One node in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        port = free_port()
        self._ports = (port, free_port({port}))
        self.bootstrap_servers = f"127.0.0.1:{port}"
        self._child: Child | None = None

    async def start(self) -> None:
        """Start it, for the first time or again, and return once it answers."""
        self._child = await start_kafka(self._directory, self._ports, lambda _: None)

    async def stop(self) -> None:
        """Ask it to end, as an operator does."""
        if self._child is not None:
            await stop(self._child, within=_STOP_SECONDS)

    async def kill(self) -> None:
        """End it without asking; what it was about to write is not written."""
        if self._child is not None:
            self._child.process.kill()
            await asyncio.to_thread(self._child.process.wait)

    def signal(self, number: int) -> None:
        """Have it stand still, or go on."""
        if self._child is not None:
            self._child.process.send_signal(number)


def tell_brokers(monkeypatch: pytest.MonkeyPatch, settings: Mapping[str, str]) -> None:
    """Have the brokers that are started from now on told this as well."""
    configure = kafka._configure  # noqa: SLF001  # where a broker can be told something else

    def configured(folder: Path, data: str, ports: tuple[int, int]) -> str:
        name = configure(folder, data, ports)
        with (folder / name).open("a") as file:
            file.writelines(f"{setting}={value}\n" for setting, value in settings.items())
        return name

    monkeypatch.setattr(kafka, "_configure", configured)


@asynccontextmanager
async def running_broker(directory: Path) -> AsyncIterator[Broker]:
    """A broker of the test's own, whatever state the test leaves it in."""
    broker = Broker(directory)
    try:
        await broker.start()
        yield broker
    finally:
        await broker.kill()
