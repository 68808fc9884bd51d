"""A caller of the client, with thousands of commands at once: a process of its own, so that its cost is its own."""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from uuid import UUID

import orjson

from fairlead import Client
from fairlead.bounds import Message
from fairlead.ship import DockShip, LoadCargo, RegisterShip
from tests.bench.commands import SHIPS

_SECONDS = 60.0
_WARM_UP = 20_000
# As contracts/README.md advises those who send as much.
_COLLECT = (200_000, 5, 50)

Asked = tuple[Message, str]


def main() -> None:
    """Send all, and write when each reply came, in seconds of the clock, to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--commands", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    gc.set_threshold(*_COLLECT)
    asyncio.run(_measure(given))


async def _measure(given: argparse.Namespace) -> None:
    ships = [str(UUID(int=number, version=4)) for number in range(SHIPS)]
    loads = _loads(ships)
    async with Client(bootstrap_servers=given.bootstrap_servers, prefix=given.prefix, source="/bench") as client:
        for first in (RegisterShip(name="Pacific Explorer"), DockShip(port="Rio")):
            await _send(client, [(first, ship) for ship in ships], given.at_once)
        await _send(client, islice(loads, _WARM_UP), given.at_once)
        came = await _send(client, islice(loads, given.commands), given.at_once)
    given.output.write_bytes(orjson.dumps(came))


def _loads(ships: list[str]) -> Iterator[Asked]:
    while True:
        for ship in ships:
            yield LoadCargo(item="tea", quantity=1), ship


async def _send(client: Client, asked: Iterable[Asked], at_once: int) -> list[float]:
    """When each reply came, with never more than so many awaited; raises where one was refused."""
    left, came = iter(asked), []

    async def caller() -> None:
        for command, ship in left:
            reply = await client.send(command, ship, timeout=_SECONDS)
            if reply.data.status != "accepted":
                raise RuntimeError(f"{type(command).__name__} was not accepted: {reply.data.message}")
            came.append(time.time())

    await asyncio.gather(*(caller() for _ in range(at_once)))
    return came


if __name__ == "__main__":
    main()
