"""`fairlead up` as a person starts it: a process group of its own, killed or stopped from outside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import psutil

from service.local.servers import Endpoints

READY_SECONDS = 120.0


class Up:
    """One run of `fairlead up` on a directory."""

    def __init__(self, process: asyncio.subprocess.Process, directory: Path) -> None:
        self.process = process
        told = json.loads((directory / "endpoints.json").read_text())
        self.endpoints = Endpoints(told["bootstrap_servers"], told["database_url"])
        self._directory = directory

    def kill(self) -> None:
        """SIGKILL to everything in its process group, at once."""
        os.killpg(self.process.pid, signal.SIGKILL)

    async def interrupt(self) -> int:
        """Ctrl-C, and the exit code once it has ended."""
        os.killpg(self.process.pid, signal.SIGINT)
        return await self.process.wait()

    def left(self) -> list[str]:
        """The command lines of all processes that have to do with the directory."""
        found = []
        for process in psutil.process_iter(["cmdline", "cwd", "status"]):
            told = [*(process.info["cmdline"] or ()), process.info["cwd"] or ""]
            if process.info["status"] != psutil.STATUS_ZOMBIE and any(str(self._directory) in part for part in told):
                found.append(" ".join(told))
        return found


async def begin(directory: Path, **environment: str) -> asyncio.subprocess.Process:
    """Start `fairlead up`, and do not wait for it."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "service",
        "up",
        "--dir",
        str(directory),
        env={**os.environ, **environment},
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def start(directory: Path, **environment: str) -> Up:
    """Start it and wait until it is up."""
    process = await begin(directory, **environment)
    lines: list[str] = []
    async with asyncio.timeout(READY_SECONDS):
        while "The service is up" not in (lines[-1] if lines else ""):
            if process.stderr is None or not (line := await process.stderr.readline()):
                raise AssertionError("".join(lines))
            lines.append(line.decode())
    return Up(process, directory)
