"""Commands none of which can be refused, for ships and users in turn, each sent when it is due."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson

ENTITIES = 200  # of each aggregate
_SENT_SECONDS = 30.0
_NUMBERS = iter(range(1, 1 << 31))

Command = tuple[str, str, dict[str, Any]]


def _id(aggregate: str, number: int) -> str:
    return f"{number:08x}-0000-4000-8000-{'0' * 11}{'1' if aggregate == 'ship' else '2'}"


def first() -> Iterator[Command]:
    """All of them come into being."""
    for number in range(ENTITIES):
        yield "ship", "register_ship", {"subject": _id("ship", number), "data": {"name": "Pacific Explorer"}}
        yield "user", "create_user", {"subject": _id("user", number), "data": {"username": "a name", "balance": 100}}


def more(count: int) -> Iterator[Command]:
    """Ships and users in turn; none of it can be refused."""
    for number in range(count):
        at = number // 2 % ENTITIES
        if number % 2:
            yield "user", "change_balance", {"subject": _id("user", at), "data": {"balance_change": 1}}
        else:
            yield "ship", "dock_ship", {"subject": _id("ship", at), "data": {"port": f"Port {at % 50}"}}


async def publish(publishing: Any, prefix: str, commands: Iterator[Command], rate: int) -> None:
    """Each when it is due."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number, (aggregate, type_, more) in enumerate(commands):
        if (early := began + number / rate - loop.time()) > 0:
            await asyncio.sleep(early)
        id_ = f"{next(_NUMBERS):08x}-0000-4000-8000-000000000000"
        envelope = {"specversion": "1.0", "id": id_, "source": "/bench", "type": type_, **more}
        publishing.produce(f"{prefix}{aggregate}.commands", key=more["subject"], value=orjson.dumps(envelope))
        publishing.poll(0)
    await asyncio.to_thread(publishing.flush, _SENT_SECONDS)
