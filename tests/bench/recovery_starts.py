"""Starts of a handler that are timed from outside: until it is ready, and until it has answered what waited."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from service import app
from service.local.child import until
from service.local.environment import for_roles
from service.local.servers import Endpoints
from tests.bench.commands import Command
from tests.bench.failure import BenchFailed
from tests.bench.handler import ROOT, settings_for
from tests.bench.progress import working
from tests.bench.recovery_fleet import Fleet, publish
from tests.bench.recovery_logs import Logs, Range, first_replies
from tests.bench.recovery_member import Crew, Member
from tests.running import PARTITIONS

Start = dict[str, Any]
_ANSWERED = 60.0
_KEPT = 2.0


class Starts:
    """Handlers under a prefix, whose topics are made on entry."""

    def __init__(self, servers: Endpoints, directory: Path, prefix: str, fleet: Fleet) -> None:
        self.settings = settings_for(servers, prefix)
        self.logs = Logs(servers.bootstrap_servers, prefix)
        self.crew = Crew(directory, self.settings)
        self.fleet = fleet

    async def make_topics(self) -> None:
        """All that the service needs."""
        await app.apply_topics(self.settings, partitions=PARTITIONS, replication=1)

    async def publish(self, commands: Iterator[Command], number: int, what: str) -> None:
        """Publish so many; raises BenchFailed."""
        to = self.logs.bootstrap_servers, self.logs.topic("commands")
        with working(f"{what}: publishing {number:,}", number) as told:
            await asyncio.to_thread(publish, *to, commands, told)

    def probe(self) -> None:
        """Publish a command in each partition; raises BenchFailed."""
        publish(self.logs.bootstrap_servers, self.logs.topic("commands"), iter(self.fleet.probes()))

    @asynccontextmanager
    async def started(self, name: str, **how: Any) -> AsyncIterator[tuple[Member, Start]]:
        """A member that is ready, and has answered a command that each partition held before; and what that took."""
        await asyncio.to_thread(self.probe)
        with first_replies(self.logs) as replies:
            async with self.crew.member(name, **how) as member:
                ready_s, cpu_s = await member.ready(), member.cpu
                if not await until(replies.all_of, _ANSWERED):
                    raise BenchFailed(f"only {sorted(replies.first)} were answered: read {member.child.log}")
                came = [at - member.began for at in replies.first.values()]
                start: Start = {"first_reply_s": round(min(came), 3), "last_first_reply_s": round(max(came), 3)}
                start |= {"ready_s": round(ready_s, 3), "cpu_s": round(cpu_s, 2), **member.memory.figures()}
                yield member, start | {"known_by": sorted(set(member.said("acquired").values()))}
                await self.settled()

    async def settled(self) -> None:
        """Return once all commands are handled, and stores had the time to keep that; raises BenchFailed."""
        if not await until(self.logs.handled, _ANSWERED):
            raise BenchFailed("commands are left that are not handled: see the handler's log")
        # Within a second they keep what is committed: they tell nobody, and a stop before that may leave it out.
        await asyncio.sleep(_KEPT)

    async def plain(self, ranges: list[Range]) -> Start:
        """What a plain consumer needs for these; raises BenchFailed."""
        line = ["-m", "tests.bench.recovery_plain", "--bootstrap-servers", self.logs.bootstrap_servers]
        line += ["--ranges", orjson.dumps(ranges).decode()]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *line, cwd=ROOT, env=for_roles(), stdout=asyncio.subprocess.PIPE
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise BenchFailed(f"the plain consumer ended with code {process.returncode}")
        return dict(orjson.loads(output))
