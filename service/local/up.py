"""The whole service on servers of its own: what `fairlead up` and the demo run."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from service.local.ports import ports
from service.local.roles import ROLES, Role
from service.local.servers import Endpoints, running_servers


@dataclass(frozen=True, slots=True)
class StackEndpoints(Endpoints):
    """Where the servers and the service are reached."""

    api_url: str


@asynccontextmanager
async def stack(
    directory: Path, say: Callable[[str], None], apply_topics: Callable[[Endpoints], Awaitable[object]]
) -> AsyncIterator[StackEndpoints]:
    """Run all on the data in this directory, once all are ready; raise StackInUse or StackFailed."""
    directory = await asyncio.to_thread(directory.resolve)
    async with running_servers(directory, say) as servers:
        say("Creating the topics")
        await apply_topics(servers.endpoints)
        [api_port] = ports(directory, "api")
        endpoints = StackEndpoints(**asdict(servers.endpoints), api_url=f"http://127.0.0.1:{api_port}")
        say(f"Starting the roles {', '.join(ROLES)}")
        roles = [Role(directory, name, _settings(endpoints, api_port, directory), say) for name in ROLES]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(work) for work in (*(role.run() for role in roles), servers.watch())]
                try:
                    for role in roles:
                        await role.is_ready.wait()
                    with _told(directory / "endpoints.json", endpoints):
                        yield endpoints
                finally:
                    for task in tasks:
                        task.cancel()
        except BaseExceptionGroup as failures:
            # One reason is what a person can act on.
            raise failures.exceptions[0] from None


def _settings(endpoints: StackEndpoints, api_port: int, directory: Path) -> dict[str, str]:
    return {
        "FAIRLEAD_BOOTSTRAP_SERVERS": endpoints.bootstrap_servers,
        "FAIRLEAD_DATABASE_URL": endpoints.database_url,
        "FAIRLEAD_API_HOST": "127.0.0.1",
        "FAIRLEAD_API_PORT": str(api_port),
        "FAIRLEAD_STATE_DIR": str(directory / "state"),
        "FAIRLEAD_ALLOW_IMPORT": "true",
        "FAIRLEAD_SHOW_PERSONAL_DATA": "true",
        # One member of each group, which comes back under its name at once, even after a kill.
        "FAIRLEAD_INSTANCE_ID": "local",
        "FAIRLEAD_SESSION_TIMEOUT_MS": "10000",
    }


@contextmanager
def _told(file: Path, endpoints: StackEndpoints) -> Iterator[None]:
    """Have the file there, whole and for our eyes only, while the stack is up."""
    unfinished = file.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        json.dump(asdict(endpoints), output, indent=2)
    unfinished.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
