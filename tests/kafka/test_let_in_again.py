"""A broker that was taken for dead answers before it is let in again: who asks then waits for it."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.errors import NodeNotReadyError

from fairlead.failures import Unreachable
from fairlead.kafka.consumers import starting
from service.kafka import topics
from service.kafka.broker import require_transactions
from service.kafka.topics import administrator
from service.local.servers import Endpoints

METADATA, VERSIONS = 3, 18


@pytest.mark.parametrize("unknown", [0, 1, 5])
async def test_a_handler_waits_for_it(servers: Endpoints, unknown: int) -> None:
    async with broker(servers.bootstrap_servers, unknown) as address:
        await require_transactions({"bootstrap_servers": address}, "let-in-again.")


async def test_a_client_is_told_that_none_is_there(servers: Endpoints) -> None:
    async with broker(servers.bootstrap_servers, unknown=10**6) as address:
        with pytest.raises(Unreachable):
            async with starting({"bootstrap_servers": address}, "ship.events"):
                pass


@pytest.mark.parametrize("unknown", [0, 1, 2, 5])
async def test_a_broker_that_names_none_yet_is_asked_again(servers: Endpoints, unknown: int) -> None:
    async with (
        broker(servers.bootstrap_servers, unknown) as address,
        administrator({"bootstrap_servers": address}) as admin,
    ):
        assert [one["port"] for one in (await admin.describe_cluster())["brokers"]] == [port(servers)]


async def test_a_broker_that_is_never_let_in_is_told_as_one_that_is_gone(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "_LET_IN_SECONDS", 0.5)
    async with broker(servers.bootstrap_servers, unknown=10**6) as address:
        with pytest.raises(NodeNotReadyError):
            async with administrator({"bootstrap_servers": address}):
                pass


def port(servers: Endpoints) -> int:
    return int(servers.bootstrap_servers.rpartition(":")[2])


@asynccontextmanager
async def broker(real: str, unknown: int) -> AsyncIterator[str]:
    """An address where so many questions for brokers are answered with none, and later ones with the real one."""
    host, _, at = real.rpartition(":")
    asked = 0

    def answer(kind: int) -> bytes:
        nonlocal asked
        if kind == VERSIONS:
            known = ((METADATA, 0, 1), (VERSIONS, 0, 0))
            return struct.pack(">hi", 0, len(known)) + b"".join(struct.pack(">hhh", *one) for one in known)
        assert kind == METADATA
        asked += 1
        named = struct.pack(f">iih{len(host)}sih", 1, 1, len(host), host.encode(), int(at), -1)
        return (struct.pack(">i", 0) if asked <= unknown else named) + struct.pack(">ii", 1, 0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while size := await reader.read(4):
                request = await reader.readexactly(*struct.unpack(">i", size))
                kind, _, correlation = struct.unpack_from(">hhi", request)
                body = struct.pack(">i", correlation) + answer(kind)
                writer.write(struct.pack(">i", len(body)) + body)
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        yield "{}:{}".format(*server.sockets[0].getsockname())
