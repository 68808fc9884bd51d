"""The three roles of the service as children, each started again when it dies, as a cluster would."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from service.local.child import Program, ready, start, stop, until
from service.local.environment import for_roles
from service.local.failure import StackFailed, tail

ROLES = ("handle", "project", "api")
READY_WITHIN = 60.0
# Together with the servers' time a second less than the ten that are promised.
DRAINED_WITHIN = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
STEADY = 60.0  # one that ran this long is started again without a long pause


class Role:
    """One role, kept running until it is cancelled."""

    def __init__(self, directory: Path, name: str, settings: dict[str, str], say: Callable[[str], None]) -> None:
        self.name = name
        self.is_ready = asyncio.Event()
        self._directory = directory
        self._ready_file = directory / "run" / f"{name}.ready"
        self._say = say
        self._program = Program(
            name=name,
            command=[sys.executable, "-P", "-m", "service", name],
            environment=for_roles(**settings, FAIRLEAD_READY_FILE=str(self._ready_file)),
            folder=directory,
        )

    async def run(self) -> None:
        """Start it whenever it does not run; raise StackFailed if it never became ready."""
        pause = FIRST_PAUSE
        while True:
            began = monotonic()
            try:
                ended = await self._once()
            except StackFailed as failure:
                if not self.is_ready.is_set():
                    raise
                ended = str(failure)
            pause = FIRST_PAUSE if monotonic() - began > STEADY else pause
            self._say(f"{ended}: starting it again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _once(self) -> str:
        """Run it to its end, which is told."""
        self._ready_file.unlink(missing_ok=True)
        child = start(self._directory, self._program)
        try:
            await ready(child, self._ready_file.exists, READY_WITHIN)
            self.is_ready.set()
            await until(lambda: child.process.poll() is not None, math.inf)
        finally:
            await stop(child, DRAINED_WITHIN)
            self._ready_file.unlink(missing_ok=True)
        return f"{self.name} stopped with code {child.process.returncode}, at: {tail(child.log, 1)} (see {child.log})"
