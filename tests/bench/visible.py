"""`python -m tests.bench.visible`: how soon an event is a row that readers see, for each projection, at a steady rate.

From when the broker took the event, or of `outcomes` the reply, until whoever hears that the projection has moved on
finds it beyond it; and of that, until it is committed and in the hands of a subscriber, and from then on. Handler,
projectors, broker and database share the machine. It asserts nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg

from service import app
from service.cli.output import out
from service.local.kafka import FAST_ONCE_WARM
from service.local.servers import Endpoints, local_servers
from tests.bench.conditions import conditions
from tests.bench.failure import exit_code
from tests.bench.figures import Figures, keep, medians, percentiles
from tests.bench.handler import settings_for
from tests.bench.progress import say
from tests.bench.roles import ready_role
from tests.bench.topics import BROKER_TIME, committed, create, producer
from tests.bench.usage import Usage
from tests.bench.visible_load import ENTITIES, first, more, publish
from tests.bench.visible_rows import Watching
from tests.bench.visible_subscriber import Place, subscribed
from tests.running import PARTITIONS

_WARM_UP_SECONDS = 20.0  # Java compiles what it needs
_SETTLED_SECONDS = 30.0
_SHOWN = {"row": "", "committed, to a subscriber": "_committed", "row after that": "_after"}
_SOURCES = {
    "ships": ("ship.events",),
    "ports": ("ship.events",),
    "accounts": ("user.events",),
    "journal": ("ship.events", "user.events"),
    "outcomes": ("ship.replies", "user.replies"),
}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.visible", description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="commands a second, each of which leads to an event")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each turn")
    parser.add_argument("--turns", type=int, default=3, help="of which the medians are reported")
    parser.add_argument("--output", type=Path, default=Path("build/bench-visible.json"))
    given = parser.parse_args()
    return exit_code(_measure(given))


async def _measure(given: argparse.Namespace) -> None:
    with TemporaryDirectory(prefix="fairlead-bench-") as folder:
        async with local_servers(Path(folder), say, FAST_ONCE_WARM) as servers:
            turns = [await _turn(servers, Path(folder), number, given) for number in range(1, given.turns + 1)]
    found = {
        name: {**medians([turn[name] for turn in turns]), "turns": [turn[name] for turn in turns]} for name in _SOURCES
    }
    told = conditions(
        rate=given.rate, seconds=given.seconds, turns=given.turns, entities=ENTITIES, partitions=PARTITIONS
    )
    keep({"visible": found, "conditions": told}, given.output)
    for name, row in found.items():
        shown = [f"{what} p50 {row[f'p50{of}_ms']:.1f} p99 {row[f'p99{of}_ms']:.1f}" for what, of in _SHOWN.items()]
        out.print(f"{name:10}", " ms; ".join(shown), "ms")


async def _turn(servers: Endpoints, folder: Path, number: int, given: argparse.Namespace) -> dict[str, Figures]:
    """Percentiles of milliseconds by projection."""
    settings = settings_for(servers, f"visible-{number}.")
    kept = {"message.timestamp.type": "LogAppendTime", "retention.ms": "-1", "retention.bytes": "-1"}
    times = {"events": kept, "replies": BROKER_TIME}
    await create(
        servers.bootstrap_servers,
        {f"{settings.prefix}{of}.{kind}": config for of in ("ship", "user") for kind, config in times.items()},
    )
    await app.apply_topics(settings, partitions=PARTITIONS, replication=1)
    connection: Any = await asyncpg.connect(servers.database_url)
    async with AsyncExitStack() as stack:
        children = [await stack.enter_async_context(ready_role(folder, settings, one)) for one in ("handle", "project")]
        topics = sorted({f"{settings.prefix}{topic}" for of in _SOURCES.values() for topic in of})
        came = stack.enter_context(subscribed(servers.bootstrap_servers, topics))
        watching = Watching(connection, settings.prefix)
        await watching.begin()
        publishing = producer(servers.bootstrap_servers, **{"linger.ms": 0})
        await publish(publishing, settings.prefix, first(), given.rate)
        await publish(publishing, settings.prefix, more(int(given.rate * _WARM_UP_SECONDS)), given.rate)
        since = dict(watching.offsets())
        usages = [Usage(child.process.pid) for child in children]
        for usage in usages:
            usage.sample()
        await publish(publishing, settings.prefix, more(int(given.rate * given.seconds)), given.rate)
        for usage in usages:
            usage.sample()
        async with asyncio.timeout(_SETTLED_SECONDS):
            await watching.settled()
    await connection.close()
    found: dict[str, Figures] = {}
    for name, topics_of in _SOURCES.items():
        records = [each async for each in _records(servers, settings.prefix, name, topics_of, since)]
        seen = {place: 1_000 * watching.seen((name, *place[:2]), place[2]) for place, _ in records}
        waited = {
            "": [seen[place] - appended for place, appended in records],
            "_committed": [1_000 * came[place] - appended for place, appended in records],
            "_after": [max(0.0, seen[place] - 1_000 * came[place]) for place, _ in records],
        }
        found[name] = {
            figure: value for of, times in waited.items() for figure, value in percentiles(times, of, digits=1).items()
        }
    handling, projecting = (usage.cpu_between(0, inf) / given.seconds for usage in usages)
    cores = f"handler {handling:.2f} cores, projectors {projecting:.2f}, strangers {usages[0].strangers_cores:.1f}"
    say(f"{number}: {cores}; " + "; ".join(f"{name} p50 {one['p50_ms']}" for name, one in found.items()))
    return found


async def _records(
    servers: Endpoints, prefix: str, name: str, topics: tuple[str, ...], since: dict[Any, int]
) -> AsyncIterator[tuple[Place, int]]:
    """Where each stands that counts, and when the broker took it, in milliseconds since 1970."""
    for topic in topics:
        async for message in committed(servers.bootstrap_servers, f"{prefix}{topic}"):
            partition, offset = message.partition() or 0, message.offset() or 0
            if offset >= since.get((name, f"{prefix}{topic}", partition), 0):
                yield (f"{prefix}{topic}", partition, offset), message.timestamp()[1]


if __name__ == "__main__":
    sys.exit(main())
