"""One `fairlead handle ship` with a folder for its state: when it was ready, what it read, and the memory it held."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import orjson
import psutil

from service.local.child import Child, Program, ready, start, stop
from service.settings import Settings
from tests.bench.handler import ROOT
from tests.bench.roles import variables

_MB = 1024 * 1024
_READY, _STOP, _EVERY_SECONDS = 1_200.0, 20.0, 0.1


@dataclass(slots=True)
class Memory:
    """Megabytes: `most` of all that it held, of which so much was its own and not a file's; as last seen."""

    most: float = 0.0
    own: float = 0.0
    last: float = 0.0

    def saw(self, process: psutil.Process) -> None:
        """Look at it and at its children."""
        with suppress(psutil.Error):
            held = [one.memory_info() for one in (process, *process.children(recursive=True))]
            self.last = sum(one.rss for one in held) / _MB
            self.own = max(self.own, sum(one.rss - getattr(one, "shared", 0) for one in held) / _MB)
            self.most = max(self.most, self.last)

    def figures(self) -> dict[str, float]:
        """For the report."""
        return {"rss_max_mb": round(self.most, 1), "own_max_mb": round(self.own, 1), "rss_end_mb": round(self.last, 1)}


@dataclass(slots=True)
class Member:
    """A process; `began` at a time of the clock."""

    child: Child
    began: float
    ready_file: Path
    memory: Memory = field(default_factory=Memory)

    async def ready(self) -> float:
        """Return once it owns all that it was given: the seconds from its start; raises StackFailed."""
        await ready(self.child, self.ready_file.exists, _READY)
        return self.ready_file.stat().st_mtime - self.began

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it was given, and its children."""
        process = psutil.Process(self.child.process.pid)
        times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
        return float(sum(one.user + one.system for one in times))

    def said(self, what: str) -> dict[int, str]:
        """By partition how it came to know what it knows, where it said this: "acquired", or "standing by"."""
        found = {}
        with self.child.log.open("rb") as log:
            log.seek(self.child.began)
            for line in log:
                if line.startswith(b"{") and line.endswith(b"}\n") and (said := orjson.loads(line))["event"] == what:
                    found[said["partition"]] = said["known_by"]
        return found

    async def stop(self) -> None:
        """Tell it to stop, and return once it has."""
        await stop(self.child, _STOP)

    async def kill(self) -> None:
        """Kill it."""
        self.child.process.kill()
        await asyncio.to_thread(self.child.process.wait)


class Crew:
    """Starts members, each by its name, whose folder of state outlives it."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self._directory = directory
        self._settings = settings
        self._started = 0

    def state(self, name: str) -> Path:
        """The folder of state of the member of this name."""
        return self._directory / f"state-{self._settings.prefix}{name}"

    def forget(self, name: str) -> None:
        """Delete it."""
        shutil.rmtree(self.state(name), ignore_errors=True)

    @asynccontextmanager
    async def member(
        self,
        name: str,
        *,
        workers: int = 1,
        fold: str | None = None,
        profile: Path | None = None,
        others: Mapping[str, str] = MappingProxyType({}),
    ) -> AsyncIterator[Member]:
        """A process, gone on exit; with another `fold`, or with its `profile`, by recovery_launch.

        `others` are further variables.
        """
        self._started += 1
        ready_file = self._directory / "run" / f"{self._settings.prefix}{name}{self._started}.ready"
        environment = variables(
            self._settings,
            FAIRLEAD_READY_FILE=str(ready_file),
            FAIRLEAD_STATE_DIR=str(self.state(name)),
            FAIRLEAD_INSTANCE_ID=name,
            **others,
        )
        launch = [["--fold", fold] if fold else [], ["--profile", str(profile)] if profile else []]
        program = ["-P", "-m", "service"]
        if any(launch):
            program = ["-m", "tests.bench.recovery_launch", *(word for words in launch for word in words)]
        command = [sys.executable, *program, "handle", "ship", f"--workers={workers}"]
        for folder in (ready_file.parent, self.state(name)):
            folder.mkdir(exist_ok=True)
        began = time.time()
        member = Member(start(self._directory, Program(ready_file.stem, command, environment, ROOT)), began, ready_file)
        watching = asyncio.create_task(_watch(member))
        try:
            yield member
        finally:
            watching.cancel()
            await member.stop()


async def _watch(member: Member) -> None:
    process = psutil.Process(member.child.process.pid)
    while True:
        member.memory.saw(process)
        await asyncio.sleep(_EVERY_SECONDS)
