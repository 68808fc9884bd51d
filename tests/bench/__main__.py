"""`make bench`: measures on a Kafka of its own, prints a table, and writes build/bench.json."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from service.cli.output import out
from service.local.kafka import FAST_ONCE_WARM
from service.local.servers import local_servers
from tests.bench.clients import Clients
from tests.bench.commands import SHIPS
from tests.bench.conditions import conditions
from tests.bench.failure import exit_code
from tests.bench.figures import keep
from tests.bench.progress import say
from tests.bench.projections import Projections
from tests.bench.report import report, report_of_clients, report_of_projections, tables
from tests.bench.turns import Bench
from tests.running import PARTITIONS

PARTS = ("handler", "projections", "client")


def main() -> int:
    """Measure and print; 1 where something failed or the checker objects."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--commands", type=int, default=300_000, help="that wait, in each measurement")
    parser.add_argument("--turns", type=int, default=3, help="of which the medians are reported")
    parser.add_argument("--entities", type=int, default=0, help="ships that there are besides those commanded")
    parser.add_argument("--before", type=int, default=0, help="commands that come first and do not count")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each latency, of each turn")
    parser.add_argument("--events", type=int, default=500_000, help="that projections catch up with")
    parser.add_argument("--only", choices=PARTS, help="leave the others out")
    parser.add_argument("--output", type=Path, default=Path("build/bench.json"))
    given = parser.parse_args()
    return exit_code(_measure(given, {given.only} if given.only else {*PARTS}))


async def _measure(given: argparse.Namespace, parts: Collection[str]) -> None:
    began = monotonic()
    counts = {
        "commands": given.commands,
        "turns": given.turns,
        "entities_besides": given.entities,
        "commands_before": given.before,
        "ships": SHIPS,
        "partitions": PARTITIONS,
        "latency_seconds": given.seconds,
        "events": given.events,
    }
    told = conditions(**counts)
    with TemporaryDirectory(prefix="fairlead-bench-") as folder:
        async with local_servers(Path(folder), say, FAST_ONCE_WARM) as servers:
            bench = Bench(servers, Path(folder), given.entities, given.before, given.commands, given.seconds)
            projections = Projections(servers, Path(folder), given.events)
            clients = Clients(servers, Path(folder), given.commands)
            if "handler" in parts:
                await bench.warm_up()
                for turn in range(given.turns):
                    await bench.turn(turn + 1, given.turns)
            if "projections" in parts:
                await projections.measure(given.turns)
            if "client" in parts:
                await clients.measure(given.turns)
    found = {**report(bench), **report_of_projections(projections), **report_of_clients(clients), "conditions": told}
    keep(found, given.output)
    out.print(*tables(found), sep="\n")
    say(f"{given.output} has all figures; it took {monotonic() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
