"""Whoever listens goes on listening, whatever becomes of the server and of the network in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from service.local.servers import Endpoints
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool, passing_faults
from service.postgres.signals import Signals, open_signals
from service.projections.store import StoreUnavailable


class _Proxy:
    """Passes everything on, until those that are connected are cut off without being told."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._passing = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        self._passing.set()
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        try:
            port = server.sockets[0].getsockname()[1]
            user, _, _ = self._parts.netloc.rpartition("@")
            yield urlunsplit(self._parts._replace(netloc=f"{user}@127.0.0.1:{port}"))
        finally:
            server.close()

    def swallow(self) -> None:
        """Whatever those that are connected send from now on."""
        self._passing.clear()
        self._passing = asyncio.Event()
        self._passing.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        passing = self._passing
        await asyncio.gather(_pass_on(reader, theirs[1], passing), _pass_on(theirs[0], writer, passing))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passing: asyncio.Event) -> None:
    with suppress(OSError):
        while some := await reader.read(1 << 16):
            if passing.is_set():
                writer.write(some)
                await writer.drain()
    writer.close()


async def _wakes(signals: Signals, pool: Pool, names: Names) -> None:
    """Return once it hears."""
    moved = signals.next("ships")
    await pool.execute("SELECT pg_notify($1, 'ships')", names.channel)
    await moved.wait()


@pytest.mark.parametrize(
    "refusal", [asyncpg.ReadOnlySQLTransactionError("during recovery"), asyncpg.InvalidPasswordError("changed")]
)
async def test_who_may_not_listen_listens_once_it_may(
    pool: Pool, names: Names, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    monkeypatch.setattr("service.postgres.signals._BACKOFF_SECONDS", 0.01)
    refusals, listen = [refusal], asyncpg.Connection.add_listener

    async def refused(connection: Any, *what: Any) -> None:
        if refusals:
            raise refusals.pop()
        await listen(connection, *what)

    monkeypatch.setattr(asyncpg.Connection, "add_listener", refused)
    async with asyncio.timeout(30), open_signals(pool, names) as signals:
        # What moved meanwhile was not heard.
        await signals.next("ships").wait()
        await _wakes(signals, pool, names)
    assert not refusals


async def test_a_connection_whose_other_end_is_gone_is_noticed_though_nothing_is_sent(
    servers: Endpoints, pool: Pool, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("_ASK_SECONDS", 0.1), ("_ANSWER_SECONDS", 0.5), ("_BACKOFF_SECONDS", 0.01)):
        monkeypatch.setattr(f"service.postgres.signals.{name}", seconds)
    proxy = _Proxy(servers.database_url)
    async with asyncio.timeout(60), proxy.open() as url, open_pool(url) as own, open_signals(own, names) as signals:
        await signals.next("ships").wait()
        await _wakes(signals, pool, names)
        proxy.swallow()
        await signals.next("ships").wait()
        await _wakes(signals, pool, names)


def test_a_replica_that_has_not_taken_over_yet_is_waited_for() -> None:
    with pytest.raises(StoreUnavailable), passing_faults():
        raise asyncpg.ReadOnlySQLTransactionError("cannot execute UPDATE in a read-only transaction")
