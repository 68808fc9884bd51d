"""Roles of the service as children, each as a service manager starts it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from service.local.child import Child, Program, ready
from service.local.environment import for_roles
from service.settings import Settings
from tests.bench.run import running

_READY = 60.0


def variables(settings: Settings, **others: str) -> dict[str, str]:
    """The environment of a role: where its servers are, under which prefix, and these."""
    return for_roles(
        FAIRLEAD_BOOTSTRAP_SERVERS=settings.bootstrap_servers,
        FAIRLEAD_DATABASE_URL=settings.database_url.get_secret_value(),
        FAIRLEAD_PREFIX=settings.prefix,
        **others,
    )


@asynccontextmanager
async def role(directory: Path, settings: Settings, *words: str, **others: str) -> AsyncIterator[Child]:
    """`fairlead` with these words and further variables; not yet ready on entry, and gone on exit."""
    line = [sys.executable, "-P", "-m", "service", *words]
    program = Program(f"{settings.prefix}{'-'.join(words[:2])}", line, variables(settings, **others), directory)
    async with running(directory, program) as child:
        yield child


@asynccontextmanager
async def ready_role(directory: Path, settings: Settings, *words: str, **others: str) -> AsyncIterator[Child]:
    """The same, ready on entry; raises StackFailed."""
    file = directory / f"{settings.prefix}{words[0]}.ready"
    async with role(directory, settings, *words, FAIRLEAD_READY_FILE=str(file), **others) as child:
        await ready(child, file.exists, _READY)
        yield child
