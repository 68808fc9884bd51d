"""Handlers of ships in processes of their own, so that each can be frozen, told to stop, and heard."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from service.local.servers import Endpoints
from tests.chaos.load import Replies

ROOT = Path(__file__).parents[2]
SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a handler's log."""

    at: float
    event: str
    partition: int | None
    fields: dict[str, Any]


class Handler:
    """One `fairlead handle ship`."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, ready: Path) -> None:
        self.process = process
        self._log = log
        self._ready = ready

    @property
    def text(self) -> str:
        """All that it wrote."""
        return self._log.read_text()

    def said(self, event: str, since: float = 0.0) -> list[Said]:
        """The lines of its log about this, in their order."""
        found = []
        for line in self.text.splitlines():
            if line.endswith("}"):
                with suppress(ValueError, KeyError):
                    fields = json.loads(line)
                    at = datetime.fromisoformat(fields["timestamp"]).timestamp()
                    if fields["event"] == event and at >= since:
                        found.append(Said(at, event, fields.get("partition"), fields))
        return found

    def signal(self, signum: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(signum)

    async def ended(self, within: float) -> int:
        """Its exit code; raises TimeoutError where it is still there after so many seconds."""
        return await asyncio.wait_for(self.process.wait(), within)

    async def ready(self) -> None:
        """Return once it owns what the group gave it."""
        await eventually(lambda: self._ready.exists() or self.process.returncode is not None, "ready")
        assert self.process.returncode is None, self.text


@asynccontextmanager
async def handler(  # noqa: PLR0913  # where, with what, without what, as what
    servers: Endpoints,
    folder: Path,
    variables: Mapping[str, object],
    *,
    without: str | None = None,
    wait: bool = True,
    role: Sequence[str] = ("handle", "ship"),
    tree: Path = ROOT,
) -> AsyncIterator[Handler]:
    """A handler, or another role, with these FAIRLEAD_ variables, ready where that is waited for, and gone on exit.

    `without` names a protection of tests/chaos/without.py, `tree` is where its code stands.
    """
    name = uuid4().hex[:8]
    log, ready = folder / f"{name}.log", folder / f"{name}.ready"
    ours = {
        "bootstrap_servers": servers.bootstrap_servers,
        "database_url": servers.database_url,
        "ready_file": ready,
        **variables,
    }
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FAIRLEAD_")}
    environment |= {f"FAIRLEAD_{key.upper()}": str(value) for key, value in ours.items()}
    environment["PYTHONPATH"] = str(tree / "contracts")
    program = ["tests.chaos.without", without] if without else ["service"]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *program, *role, cwd=tree, env=environment, stdout=output, stderr=output
        )
    try:
        running = Handler(process, log, ready)
        if wait:
            await running.ready()
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def eventually(condition: Callable[[], object], what: str, within: float = SECONDS) -> None:
    """Return once it holds; looked at often, since other processes send us no event."""
    end = time.monotonic() + within
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < end, f"not within {within:.0f} s: {what}"
        await asyncio.sleep(0.02)


def owners(handlers: Iterable[Handler]) -> dict[int, Handler]:
    """Who took each partition up last."""
    words = "acquired", "resumed"
    acquired = [(said.at, said.partition, one) for one in handlers for word in words for said in one.said(word)]
    return {partition or 0: one for _, partition, one in sorted(acquired, key=lambda line: line[0])}


def owned_by(one: Handler, handlers: Iterable[Handler]) -> set[int]:
    """The partitions that it took up last."""
    return {partition for partition, owner in owners(handlers).items() if owner is one}


@dataclass(frozen=True, slots=True)
class Takeover:
    """What the new owner found waiting in each partition, and when it first replied there, from the start on."""

    waiting: dict[int, int]
    seconds: dict[int, float]


async def took_over(  # noqa: PLR0913  # who, of what, from when on, seen where, and how much of it
    other: Handler, owned: set[int], since: float, replies: Replies, *, first: bool = False, within: float = SECONDS
) -> Takeover:
    """Return once this handler has replied on each of these partitions, or has got the first of them."""
    takeover = Takeover({}, {})

    def taken() -> bool:
        for said in other.said("acquired", since):
            if said.partition in owned:
                takeover.waiting.setdefault(said.partition, said.fields["waiting"])
                if at := replies.first(said.partition, said.at):
                    takeover.seconds.setdefault(said.partition, at - since)
        return set(takeover.seconds) == owned or (first and bool(takeover.waiting))

    await eventually(taken, "the other took over", within)
    return takeover
