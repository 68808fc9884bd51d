"""A child that is seen starting, is stopped within a bound and is found again if this process is killed."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil

from service.local.failure import StackFailed, tail
from service.local.unprivileged import Account

TICK = 0.02
STOP_WITHIN = 3.5
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Program:
    """What is run, and how it is asked to stop."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    folder: Path
    stop: signal.Signals = signal.SIGTERM
    orphaned: signal.Signals = signal.SIGKILL
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class Child:
    """A program that runs."""

    program: Program
    process: subprocess.Popen[bytes]
    log: Path
    record: Path
    began: int  # where in the log this run begins, in bytes

    def said(self, words: bytes) -> bool:
        """Whether this run wrote these words to its log."""
        with self.log.open("rb") as log:
            log.seek(self.began)
            return words in log.read()


async def until(condition: Callable[[], bool], within: float) -> bool:
    """Whether it came true in time; looked at often, since files and exits of others send no event everywhere."""
    end = monotonic() + within
    while not condition():
        if monotonic() > end:
            return False
        await asyncio.sleep(TICK)
    return True


def start(directory: Path, program: Program) -> Child:
    """Run it in a session of its own, where a Ctrl-C meant for us does not reach it; raises StackFailed."""
    log, record = directory / "logs" / f"{program.name}.log", directory / "run" / f"{program.name}.json"
    account = program.account
    try:
        for file in (log, record):
            file.parent.mkdir(exist_ok=True)
        with log.open("ab") as output:
            began = output.tell()
            process = subprocess.Popen(
                program.command,
                cwd=program.folder,
                env=program.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=_die_with(os.getpid(), program.orphaned),  # noqa: PLW1509  # two system calls, no lock taken
            )
        try:
            with suppress(psutil.Error):  # it may be gone already; then whoever waits for it says so
                known = {"pid": process.pid, "created": psutil.Process(process.pid).create_time()}
                record.write_text(json.dumps(known | {"command": program.command, "stop": program.stop}))
        except BaseException:
            process.kill()  # or it would run on, and nobody would find it again
            process.wait()
            raise
    except OSError as fault:
        raise StackFailed(f"{program.name} cannot be started in {directory} ({fault})") from fault
    return Child(program, process, log, record, began)


async def ready(child: Child, condition: Callable[[], bool], within: float) -> None:
    """Return when the condition holds; fail when the child exits before, or takes too long."""
    name, gone = child.program.name, child.process.poll
    if not await until(lambda: condition() or gone() is not None, within):
        raise StackFailed(f"{name} was not ready after {within:.0f} s: read {child.log} (its end: {tail(child.log)})")
    if gone() is not None and not condition():
        raise StackFailed(f"{name} stopped with code {gone()} before it was ready: {tail(child.log)} (see {child.log})")


async def stop(child: Child, within: float = STOP_WITHIN) -> None:
    """Ask, wait, then kill it and what it started."""
    process = child.process
    try:
        if process.poll() is None:
            family = _family(process.pid)
            process.send_signal(child.program.stop)
            if not await until(lambda: process.poll() is not None, within):
                for member in family:
                    with suppress(psutil.Error):
                        member.kill()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        child.record.unlink(missing_ok=True)


def _family(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return list(psutil.Process(pid).children(recursive=True))
    return []


def _die_with(parent: int, sent: signal.Signals) -> Callable[[], None] | None:
    """Let Linux end the child when we die; elsewhere the next start on the directory does."""
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, int(sent), 0, 0, 0)
        if os.getppid() != parent:  # we died before the question was asked
            os._exit(1)

    return ask
