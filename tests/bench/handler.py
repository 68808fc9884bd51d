"""The service itself, as it is run: `fairlead handle ship` on commands that wait, judged by the checker afterwards."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from service.local.child import Program
from service.local.environment import for_roles
from service.local.servers import Endpoints
from service.settings import Settings
from tests.bench.failure import BenchFailed
from tests.bench.figures import Figures, figures
from tests.bench.roles import role
from tests.bench.run import running, worked_off, written_at
from tests.checker.waiting import wait_until_handled

ROOT = Path(__file__).parents[2]
_SETTLED = 10.0
_CHECKED = 600


def settings_for(servers: Endpoints, prefix: str) -> Settings:
    """The settings of one turn."""
    return Settings.model_validate(
        {"bootstrap_servers": servers.bootstrap_servers, "database_url": servers.database_url, "prefix": prefix}
    )


async def handle(  # noqa: PLR0913  # where, as what, how much of it counts, and whom to tell
    directory: Path, settings: Settings, workers: int, uncounted: int, commands: int, told: Callable[[int], None]
) -> Figures:
    """Have it work off what waits; the first `uncounted` of them do not count. Raises BenchFailed."""
    servers, topic = settings.bootstrap_servers, f"{settings.prefix}ship.replies"
    async with role(directory, settings, "handle", "ship", f"--workers={workers}") as child:
        usage = await worked_off(child, servers, topic, uncounted + commands, told)
        await handled(settings)
    return figures(await written_at(servers, topic, after=uncounted), usage)


async def handled(settings: Settings) -> None:
    """Return once its checkpoints cover all commands; raises BenchFailed."""
    deadline = monotonic() + _SETTLED
    if not await asyncio.to_thread(
        wait_until_handled, settings.bootstrap_servers, ["ship"], prefix=settings.prefix, deadline=deadline
    ):
        raise BenchFailed("the handler answered, but did not come to the end of the commands: see its log")


async def check(directory: Path, settings: Settings) -> None:
    """Have the independent checker judge all that was written; raises BenchFailed where anything is wrong."""
    line = [sys.executable, "-m", "tests.checker", "--bootstrap-servers", settings.bootstrap_servers]
    line += ["--prefix", settings.prefix, "--no-import", "--timeout", str(_CHECKED)]
    # A process of its own: what it holds in memory is gone with it.
    async with running(directory, Program(f"{settings.prefix}checker", line, for_roles(), ROOT)) as child:
        code = await asyncio.to_thread(child.process.wait)
    if code < 0:
        raise BenchFailed(
            f"the checker was ended by signal {-code} and has judged nothing under {settings.prefix}: where the "
            "system's log says that memory ran out, give fewer --commands or --before"
        )
    if code:
        found = (await asyncio.to_thread(child.log.read_text))[-2_000:]
        raise BenchFailed(f"the checker objects to what the handler wrote under {settings.prefix}\n{found}")
