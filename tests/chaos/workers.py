"""`fairlead handle --workers` as a service manager starts it, seen from outside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from service.settings import Settings

READY_SECONDS = 60.0
_TICK = 0.05


class Workers:
    """A supervisor and its workers."""

    def __init__(self, process: asyncio.subprocess.Process, directory: Path) -> None:
        self.process = process
        self.ready_file = directory / "ready"
        self._log = directory / "log"

    def lines(self) -> list[str]:
        """All that it and its workers have written."""
        return self._log.read_text().splitlines()

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The log lines of this event."""
        lines = [json.loads(line) for line in self.lines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def worker(self, number: int) -> psutil.Process:
        """The process that is this worker now."""
        [found] = [child for child in self.children() if f"--worker={number}" in child.cmdline()]
        return found

    def children(self) -> list[psutil.Process]:
        """All workers that run."""
        return [child for child in psutil.Process(self.process.pid).children() if lives(child)]

    async def ends(self, within: float) -> int:
        """The exit code, if it ends in time."""
        async with asyncio.timeout(within):
            return await self.process.wait()


def lives(process: psutil.Process) -> bool:
    """Whether it runs: one that ended and that nobody has waited for does not."""
    with suppress(psutil.Error):
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    return False


async def until(condition: Callable[[], bool], within: float = READY_SECONDS) -> None:
    """Return once it holds; what others do sends no event."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  # see above
            await asyncio.sleep(_TICK)


async def begin(settings: Settings, directory: Path, workers: int, **others: str) -> Workers:
    """Start it in a process group of its own, and do not wait for it."""
    told = {
        "FAIRLEAD_BOOTSTRAP_SERVERS": settings.bootstrap_servers,
        "FAIRLEAD_DATABASE_URL": settings.database_url.get_secret_value(),
        "FAIRLEAD_PREFIX": settings.prefix,
        "FAIRLEAD_ALLOW_IMPORT": "true",
        "FAIRLEAD_SESSION_TIMEOUT_MS": str(settings.session_timeout_ms),
        "FAIRLEAD_READY_FILE": str(directory / "ready"),
        # A name for each, so that one that was killed gets its partitions back at once.
        "FAIRLEAD_INSTANCE_ID": "test",
        **others,
    }
    with (directory / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service", "handle", "--workers", str(workers)),
            env=os.environ | told,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
    return Workers(process, directory)


@asynccontextmanager
async def running_workers(settings: Settings, directory: Path, workers: int, **others: str) -> AsyncIterator[Workers]:
    """Run it: all are ready on entry, and nothing is left on exit."""
    started = await begin(settings, directory, workers, **others)
    try:
        await until(lambda: started.ready_file.exists() or started.process.returncode is not None)
        assert started.process.returncode is None, started.lines()
        yield started
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.process.pid, signal.SIGKILL)
        await started.process.wait()
