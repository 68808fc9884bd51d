"""Bytes that a handler wrote, for the bound to write again."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.bench.commands import number_of
from tests.bench.failure import BenchFailed
from tests.bench.topics import committed

_SIZE = 8_000  # as many as the handler writes at once; more would only fill memory


async def take_sample(bootstrap_servers: str, prefix: str, first: int, file: Path) -> None:
    """Write reply and event, or an empty line, of commands from this number on: a line each."""
    replies, events = [
        await _values(bootstrap_servers, f"{prefix}ship.{kind}", first) for kind in ("replies", "events")
    ]
    if not events:
        raise BenchFailed("no event belongs to a reply: the handler wrote something else than it should")
    lines = (part for number, reply in replies.items() for part in (reply, events.get(number, b"")))
    await asyncio.to_thread(file.write_bytes, b"\n".join(lines))


async def _values(bootstrap_servers: str, topic: str, first: int) -> dict[int, bytes]:
    """Values by the number of the command, of _SIZE of them."""
    found = {}
    async for message in committed(bootstrap_servers, topic):
        value = message.value() or b""
        if first <= (number := number_of(value)) < first + _SIZE:
            found[number] = value
    return found
