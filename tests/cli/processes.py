"""`fairlead` in processes of its own: what it is told by, how it ends, what it prints and what it says."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.cli.options import ENDPOINTS
from service.local.servers import Endpoints

Ended = tuple[int, Any, str]


def tell_of(directory: Path, servers: Endpoints, api_url: str = "http://127.0.0.1:1") -> None:
    """Have commands with `--dir` find these servers, as beside `fairlead up`; by default there is no API."""
    told = {"bootstrap_servers": servers.bootstrap_servers, "database_url": servers.database_url, "api_url": api_url}
    (directory / ENDPOINTS).write_text(json.dumps(told))


async def begin(environment: Mapping[str, str], *words: str, module: str = "service") -> Process:
    """Start a command, which is asked nothing."""
    line = (sys.executable, "-m", module, *words)
    return await asyncio.create_subprocess_exec(*line, env=environment, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)


async def outcome_of(process: Process) -> Ended:
    """Once it has ended: its exit code, what it printed as JSON, and what it said."""
    printed, told = await process.communicate()
    return process.returncode or 0, json.loads(printed) if printed else None, told.decode()
