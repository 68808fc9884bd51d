"""Runs the raw loop on the commands of a turn, and measures it as the handler is measured."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from service.local.child import Program
from service.local.environment import for_roles
from service.settings import Settings
from tests.bench.failure import BenchFailed
from tests.bench.figures import Figures, figures
from tests.bench.handler import ROOT
from tests.bench.run import running, worked_off, written_at
from tests.bench.topics import BROKER_TIME, create
from tests.running import PARTITIONS

_END = 20.0


async def copy(  # noqa: PLR0913  # where, on what, how, how much, and whom to tell
    directory: Path, settings: Settings, sample: Path, producers: int, commands: int, told: Callable[[int], None]
) -> Figures:
    """Have it write for all commands that wait under the prefix; raises BenchFailed."""
    servers, to = settings.bootstrap_servers, f"{settings.prefix}raw{producers}"
    await create(servers, {f"{to}.events": {}, f"{to}.replies": BROKER_TIME})
    line = [sys.executable, "-m", "tests.bench.raw", "--bootstrap-servers", servers, "--prefix", settings.prefix]
    line += ["--to", to, "--sample", str(sample), "--producers", str(producers), "--partitions", str(PARTITIONS)]
    async with running(directory, Program(to, line, for_roles(), ROOT)) as child:
        usage = await worked_off(child, servers, f"{to}.replies", commands, told)
        code = await asyncio.wait_for(asyncio.to_thread(child.process.wait), _END)
    if code:
        raise BenchFailed(f"the raw loop ended with code {code}: {await asyncio.to_thread(child.log.read_text)}")
    return figures(await written_at(servers, f"{to}.replies"), usage)
