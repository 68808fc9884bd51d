"""`make bench-recovery`: how a handler begins again, on a Kafka of its own; prints a table, and writes a report."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from service.cli.output import out
from service.local.kafka import FAST_ONCE_WARM
from service.local.servers import local_servers
from tests.bench.conditions import conditions
from tests.bench.failure import exit_code
from tests.bench.figures import keep
from tests.bench.progress import say
from tests.bench.recovery_report import table, with_medians
from tests.bench.recovery_steps import WORKERS, Recovery
from tests.running import PARTITIONS

_CHECKED = 500_000


def main() -> int:
    """Measure and print; 1 where something failed, or is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.recovery", description=__doc__)
    parser.add_argument("--ships", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000, help="of all of them; two for each at least")
    parser.add_argument("--hot", type=int, default=100_000, help="commands for a thousand of them afterwards")
    parser.add_argument("--turns", type=int, default=2, help="of each start, of which the medians are reported")
    parser.add_argument("--profile", action="store_true", help="also where the time of cold starts goes")
    parser.add_argument("--output", type=Path, default=Path("build/bench-recovery.json"))
    given = parser.parse_args()
    if given.events < 2 * given.ships:
        parser.error("a ship must be registered and docked: --events must be twice --ships at least")
    # It holds all ships at once, in nothing that is circular.
    gc.disable()
    return exit_code(_measure(given))


async def _measure(given: argparse.Namespace) -> None:
    began = monotonic()
    told = conditions(ships=given.ships, events=given.events, turns=given.turns, partitions=PARTITIONS)
    with TemporaryDirectory(prefix="fairlead-bench-") as name:
        folder = Path(name)
        async with local_servers(folder, say, FAST_ONCE_WARM) as servers:
            recovery = Recovery(servers, folder, given.ships, given.events, given.turns)
            await recovery.empty()
            await recovery.preload()
            await recovery.hot(given.hot)
            await recovery.warm()
            await recovery.standby()
            for kind in ("snapshots", "events"):
                for workers in (1, WORKERS):
                    await recovery.cold(kind, workers)
                if given.profile:
                    await recovery.profile(kind)
            if given.events + given.hot <= _CHECKED:
                await recovery.check()
    found = with_medians(recovery.found) | {"conditions": told}
    keep(found, given.output)
    out.print(table(found))
    say(f"{given.output} has all figures; it took {monotonic() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
