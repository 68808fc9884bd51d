"""How long reads of the HTTP API take, in an open loop, on a PostgreSQL of its own; prints a table and a report."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from service.cli.output import out
from service.local.child import Child
from service.local.ports import free_port
from service.local.servers import Endpoints, local_servers
from service.postgres.names import Names
from service.postgres.pool import open_pool
from tests.bench.conditions import conditions
from tests.bench.failure import exit_code
from tests.bench.figures import Figures, keep, medians
from tests.bench.handler import settings_for
from tests.bench.progress import say, working
from tests.bench.reads_client import Reader
from tests.bench.reads_rows import BIG, fill
from tests.bench.roles import ready_role
from tests.bench.usage import Usage

PREFIX = "reads."
_WARM_UP_SECONDS = 3.0
_CHANCE = random.Random(1)  # no secrets

Paths = Callable[[int, int], str]

# One state each, of a ship that chance has named, or of the one with a long history; beside an answer that asks nobody,
# by which one sees what the machine allows.
STATES: Mapping[str, Paths] = {
    "nothing": lambda *_: "/healthz",
    "ship": lambda ships, _: f"/ships/ship-{_CHANCE.randint(1, ships)}",
    "user": lambda ships, _: f"/users/user-{_CHANCE.randint(1, ships)}",
    "ship, min_version": lambda ships, _: f"/ships/ship-{_CHANCE.randint(1, ships)}?min_version=10&wait=5",
    "ship, at": lambda ships, _: f"/ships/ship-{_CHANCE.randint(1, ships)}?at=2026-01-01T00:06:00Z",
    "long history, version": lambda _, of_big: f"/ships/{BIG}?version={_CHANCE.randint(1, of_big)}",
}
OTHERS: Mapping[str, Paths] = {
    "ships?port": lambda *_: f"/ships?port=Port+{_CHANCE.randint(0, 99)}",
    "ships?item": lambda *_: f"/ships?item=Item+{_CHANCE.randint(0, 49)}",
    "ships?name": lambda ships, _: f"/ships?name=Ship+{_CHANCE.randint(1, ships // 100)}",
    "ships?status": lambda ships, _: f"/ships?status=docked&cursor=ship-{_CHANCE.randint(1, ships)}",
    "ships?at": lambda ships, _: f"/ships?at=2026-01-01T00:06:00Z&cursor=ship-{_CHANCE.randint(1, ships)}",
    "totals": lambda *_: "/totals",
}
_OTHERS_PER_SECOND = 5.0


def main() -> int:
    """Measure and print; 1 where something failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.reads", description=__doc__)
    parser.add_argument("kinds", nargs="*", help="all unless named", metavar="KIND")
    parser.add_argument("--ships", type=int, default=100_000, help="and as many accounts")
    parser.add_argument("--long", type=int, default=100_000, help="events of the ship with a long history")
    parser.add_argument("--rate", type=float, default=300.0, help="reads of states in a second")
    parser.add_argument("--seconds", type=float, default=15.0, help="for each kind, of each turn")
    parser.add_argument("--turns", type=int, default=3, help="of which the medians are reported")
    parser.add_argument("--output", type=Path, default=Path("build/bench-reads.json"))
    return exit_code(_measure(parser.parse_args()))


async def _measure(given: argparse.Namespace) -> None:
    told = conditions(ships=given.ships, long=given.long, per_second=given.rate, seconds=given.seconds)
    wanted = {kind: path for kind, path in {**STATES, **OTHERS}.items() if kind in given.kinds or not given.kinds}
    turns: dict[str, list[Figures]] = {}
    with TemporaryDirectory(prefix="fairlead-bench-") as name:
        async with local_servers(Path(name), say) as servers:
            async with open_pool(servers.database_url) as pool:
                with working(f"{given.ships:,} ships", 1):
                    await fill(pool, Names(PREFIX), given.ships, given.long)
            async with _api(Path(name), servers) as (child, reader):
                for turn in range(given.turns):
                    for kind, path in wanted.items():
                        rate = given.rate if kind in STATES else _OTHERS_PER_SECOND
                        found = await _one(reader, child, _paths(path, given), rate, given.seconds)
                        turns.setdefault(kind, []).append(found)
                        say(f"turn {turn + 1}, {kind} at {rate:g}/s: {found}")
    report = {kind: {**medians(of), "turns": of} for kind, of in turns.items()} | {"conditions": told}
    keep(report, given.output)
    grid = Table("", "p50 ms", "p99 ms", "most, ms", "CPU ms each", title="Reads", title_justify="left")
    for kind, of in turns.items():
        row = medians(of)
        grid.add_row(kind, *(f"{row[figure]:.2f}" for figure in ("p50_ms", "p99_ms", "max_ms", "cpu_ms")))
    out.print(grid)


async def _one(reader: Reader, child: Child, paths: Iterator[str], rate: float, seconds: float) -> Figures:
    await reader.run(paths, rate, _WARM_UP_SECONDS)
    usage = Usage(child.process.pid)
    usage.sample()
    found = await reader.run(paths, rate, seconds)
    usage.sample()
    cost = round(1_000 * usage.cpu / int(rate * seconds), 2)
    return {**found, "cpu_ms": cost, "strangers_cores": usage.strangers_cores}


def _paths(path: Paths, given: argparse.Namespace) -> Iterator[str]:
    while True:
        yield path(given.ships, given.long)


@asynccontextmanager
async def _api(directory: Path, servers: Endpoints) -> AsyncIterator[tuple[Child, Reader]]:
    port = free_port()
    async with ready_role(directory, settings_for(servers, PREFIX), "api", FAIRLEAD_API_PORT=str(port)) as child:
        reader = Reader(port)
        try:
            yield child, reader
        finally:
            reader.close()
            await asyncio.sleep(0)


if __name__ == "__main__":
    sys.exit(main())
