"""Uvicorn as one task among others: signals are handled where the process is run."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from fastapi import FastAPI

log = structlog.get_logger()

_DRAIN_SECONDS = 5


class CannotListen(Exception):
    """The address is taken or not ours; the message says what to do."""


class ApiServer:
    """Serves an application on a host and port, which the variables NAMED_HOST and NAMED_PORT set."""

    def __init__(self, app: FastAPI, host: str, port: int, *, named: str) -> None:
        self._address = (host, port)
        self._named = named
        self._started = asyncio.Event()
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=_DRAIN_SECONDS)
        self._server = _Quiet(config, self._started)

    async def run(self) -> None:
        """Serve until cancelled, then answer what has been asked already; raises CannotListen."""
        # Bound here: where uvicorn binds, a port that is taken ends the process from inside a task.
        try:
            listening = _listen(*self._address)
        except OSError as error:
            # Python adds the address once more, in brackets.
            where, reason = _shown(*self._address), str(error.strerror).partition(" (")[0]
            raise CannotListen(
                f"{where}: {reason}: set {self._named}_HOST or {self._named}_PORT to an address that is free"
            ) from error
        log.info("listening", address=_shown(*listening.getsockname()[:2]))
        serving = asyncio.create_task(self._server.serve([listening]), name="http")
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self._server.should_exit = True
            await serving
            raise

    async def ready(self) -> None:
        """Return once it listens."""
        await self._started.wait()


def _listen(host: str, port: int) -> socket.socket:
    if ":" not in host:
        return socket.create_server((host, port))
    # On all addresses of IPv6 means on those of IPv4 too, at which a container asks itself how it fares.
    both = socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=both)


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Quiet(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: asyncio.Event) -> None:
        super().__init__(config)
        self._listening = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
