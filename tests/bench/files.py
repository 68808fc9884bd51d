"""How long `fairlead import` and `fairlead export` take, and in what memory, on servers of their own."""

from __future__ import annotations

import argparse
import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import orjson
from rich.table import Table

from service.cli.output import out
from service.kafka.connection import connection
from service.kafka.ends import log_ends
from service.kafka.topics import Topics
from service.local.kafka import FAST_ONCE_WARM
from service.local.servers import local_servers
from service.postgres.keys import PostgresKeys
from service.postgres.names import Names
from service.postgres.pool import open_pool
from service.postgres.queries import Queries
from service.postgres.signals import open_signals
from service.settings import Settings
from tests.bench.conditions import conditions
from tests.bench.failure import BenchFailed, exit_code
from tests.bench.figures import Figures, keep
from tests.bench.files_events import write_events
from tests.bench.handler import settings_for
from tests.bench.progress import say
from tests.bench.roles import ready_role, role, variables
from tests.bench.usage import Usage
from tests.running import apply_topics

_TICK = 0.2
_WARMING = 200_000
_CAUGHT_UP = 300.0


def main() -> int:
    """Measure and print; 1 where something failed, or what comes out is not what went in."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.files", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--ships", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=1, help="of the handler")
    parser.add_argument("--form", default="jsonl.gz", help="what the files' names end in")
    parser.add_argument("--output", type=Path, default=Path("build/bench-files.json"))
    return exit_code(_measure(parser.parse_args()))


async def _measure(given: argparse.Namespace) -> None:
    asked = {name: value for name, value in vars(given).items() if name != "output"}
    with TemporaryDirectory(prefix="fairlead-bench-") as name:
        folder = Path(name)
        before, after = folder / f"before.{given.form}", folder / f"after.{given.form}"
        await asyncio.to_thread(write_events, before, given.events, given.ships)
        say(f"{given.events:,} events of {given.ships:,} ships: {before.stat().st_size / 1e6:,.0f} MB")
        async with local_servers(folder, say, FAST_ONCE_WARM) as servers:
            workers = f"--workers={given.workers}"
            await _warm_up(folder / f"others.{given.form}", settings_for(servers, "others."), workers)
            settings = settings_for(servers, "files.")
            await apply_topics(settings)
            turn = _Turn(settings, given.events)
            async with role(folder, settings, "handle", "ship", workers, FAIRLEAD_ALLOW_IMPORT="true") as handler:
                turn.handler = handler.process.pid
                await turn.run("dry run", {"faults": 0}, "import", "ship", str(before), "--dry-run")
                await turn.run("import", {"imported": given.events}, "import", "ship", str(before))
                await turn.run("import again", {"imported": 0}, "import", "ship", str(before))
            async with ready_role(folder, settings, "project", "journal"):
                await _caught_up(settings)
            turn.handler = None
            await turn.run("export", {"events": given.events}, "export", "ship", str(after))
        if before.read_bytes() != after.read_bytes():
            raise BenchFailed("what was exported is not what was imported: see both files by calling it again")
    keep(turn.found | {"conditions": conditions(**asked)}, given.output)
    grid = Table("", "events/s", "seconds", "CPU ms per 1,000", "MB", title="Files", title_justify="left")
    for what, of in turn.found.items():
        grid.add_row(what, *(f"{of[figure]:,}" for figure in ("events_per_s", "seconds", "cpu_ms_per_1000", "rss_mb")))
    out.print(grid)


@dataclass(slots=True)
class _Turn:
    """Commands that are run one after the other, from the start of the interpreter to its end."""

    settings: Settings
    events: int
    handler: int | None = None
    found: dict[str, Figures] = field(default_factory=dict)

    async def run(self, what: str, expected: Mapping[str, Any], *words: str) -> None:
        """Measure one; raises BenchFailed where it does not tell what is expected."""
        began, before = monotonic(), getrusage(RUSAGE_CHILDREN)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "service", *words), env=variables(self.settings), stdin=DEVNULL, stdout=PIPE
        )
        usage = Usage(process.pid)
        beside = Usage(self.handler) if self.handler else None
        sampling = asyncio.create_task(_sample(usage, *([beside] if beside else [])))
        try:
            printed, _ = await process.communicate()
        finally:
            sampling.cancel()
            if process.returncode is None:
                process.kill()
        seconds, after = monotonic() - began, getrusage(RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        told = orjson.loads(printed or b"{}")
        if not expected.items() <= told.items():
            raise BenchFailed(f"{what} ended with code {process.returncode} and told {told}")
        self.found[what] = {
            "events_per_s": round(self.events / seconds),
            "seconds": round(seconds, 1),
            "cpu_ms_per_1000": round(1_000_000 * cpu / self.events, 1),
            "handler_cpu_ms_per_1000": round(1_000_000 * beside.cpu / self.events, 1) if beside else 0.0,
            "rss_mb": round(usage.rss),
            "strangers_cores": usage.strangers_cores,
        }
        say(f"{what}: {self.found[what]}")


async def _warm_up(file: Path, settings: Settings, workers: str) -> None:
    """Java has compiled then what the broker needs."""
    await asyncio.to_thread(write_events, file, _WARMING, _WARMING // 10)
    await apply_topics(settings)
    async with role(file.parent, settings, "handle", "ship", workers, FAIRLEAD_ALLOW_IMPORT="true"):
        await _Turn(settings, _WARMING).run("warm-up", {"imported": _WARMING}, "import", "ship", str(file))


async def _sample(*usages: Usage) -> None:
    while True:
        for usage in usages:
            usage.sample()
        await asyncio.sleep(_TICK)


async def _caught_up(settings: Settings) -> None:
    """Return once the journal has every event that there is; raises TimeoutError."""
    topics = Topics("ship", settings.prefix)
    ends = await log_ends(connection(settings), topics, topics.events)
    names = Names(settings.prefix)
    async with open_pool(settings.database_url.get_secret_value()) as pool, open_signals(pool, names) as signals:
        keys = PostgresKeys(pool, names)
        queries = Queries(pool, names, keys, signals, show_personal_data=False)
        await queries.caught_up("journal", ends, wait_s=_CAUGHT_UP)


if __name__ == "__main__":
    sys.exit(main())
