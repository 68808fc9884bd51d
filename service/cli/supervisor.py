"""Processes kept running: one that dies is started again, and none outlives its supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import structlog

from service.cli.exits import Stop

log = structlog.get_logger()

STOP_SECONDS = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
STEADY_SECONDS = 60.0  # one that ran this long is started again without a long pause
_TICK = 0.05


@dataclass(frozen=True, slots=True)
class Program:
    """What is run; it creates `ready_file` once it works, and ends when its stdin does."""

    number: int
    line: Sequence[str]
    environment: Mapping[str, str]
    ready_file: Path


class Supervisor:
    """Runs all programs until cancelled; `kill` is for whoever will not wait until they have stopped."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._workers = [_Worker(program) for program in programs]

    async def run(self, all_ready: Callable[[], Awaitable[None]]) -> None:
        """Raise Stop with the code of a program that refuses to start at all."""
        # Only we hold the end that is never written to: however we die, all of them read the end of the other.
        stdin, lifeline = os.pipe()
        try:
            async with asyncio.TaskGroup() as group:
                for worker in self._workers:
                    group.create_task(worker.run(stdin))
                while not all(worker.ready.is_set() for worker in self._workers):
                    await asyncio.gather(*(worker.ready.wait() for worker in self._workers))
                await all_ready()
        except BaseExceptionGroup as faults:
            # One reason is what a person can act on.
            raise faults.exceptions[0] from None
        finally:
            os.close(stdin)
            os.close(lifeline)

    def kill(self) -> None:
        """End all at once."""
        for worker in self._workers:
            worker.kill()


class _Worker:
    """One program, started whenever it does not run."""

    def __init__(self, program: Program) -> None:
        self.ready = asyncio.Event()
        self._program = program
        self._process: asyncio.subprocess.Process | None = None
        self._log = log.bind(worker=program.number)

    async def run(self, stdin: int) -> None:
        """Raise Stop where its very first start is refused: whatever the reason, it stands on stderr."""
        first, pause = True, FIRST_PAUSE
        while True:
            began = monotonic()
            try:
                code, was_ready = await self._once(stdin)
            except OSError as fault:
                # There may be no process or file to be had just now: that is no reason to end the others.
                if first:
                    raise
                self._log.warning("worker not started", reason=str(fault), again_in_s=pause)
            else:
                if first and code > 0 and not was_ready:
                    raise Stop(code)
                if monotonic() - began > STEADY_SECONDS:
                    pause = FIRST_PAUSE
                self._log.warning("worker ended", **_told(code), again_in_s=pause)
            first = False
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def kill(self) -> None:
        """End it at once, whatever it does."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def _once(self, stdin: int) -> tuple[int, bool]:
        """Run it to its end: the code, and whether it had been ready."""
        program = self._program
        # Whoever clears the folder of temporary files by age takes this one too, and into none nothing can be written.
        program.ready_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        program.ready_file.unlink(missing_ok=True)
        self._process = process = await asyncio.create_subprocess_exec(
            *program.line, env=program.environment, stdin=stdin
        )
        watching = asyncio.create_task(self._watch())
        try:
            code = await process.wait()
            return code, await asyncio.to_thread(program.ready_file.exists)
        finally:
            watching.cancel()
            self.ready.clear()
            await self._stop(process)

    async def _watch(self) -> None:
        while not await asyncio.to_thread(self._program.ready_file.exists):  # noqa: ASYNC110  # a file sends no event
            await asyncio.sleep(_TICK)
        self.ready.set()

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._log.warning("worker killed", reason=f"it had not stopped after {STOP_SECONDS:.0f} s")
            self.kill()
            await process.wait()


def _told(code: int) -> Mapping[str, int | str]:
    """How it ended, as people say it."""
    if code >= 0:
        return {"exit_code": code}
    names = {int(signum): signum.name for signum in signal.Signals}
    return {"signal": names.get(-code, str(-code))}
