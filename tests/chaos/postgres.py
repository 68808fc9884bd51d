"""A PostgreSQL of a test's own, which can be killed as if the power had gone, and started again on what is left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil

from service.local.child import Child, stop
from service.local.ports import free_port
from service.local.postgres import start_postgres


class OwnPostgres:
    """One server on one folder and one port, for as long as it is not killed."""

    def __init__(self, folder: Path) -> None:
        self.url = ""
        self._folder = folder
        self._port = free_port()
        self._child: Child | None = None

    async def start(self) -> None:
        """Start it, and return once it takes connections."""
        self._child, self.url = await start_postgres(self._folder, self._port, lambda _: None)

    def family(self) -> list[psutil.Process]:
        """The server, and all that it started."""
        assert self._child
        server = psutil.Process(self._child.process.pid)
        return [server, *server.children(recursive=True)]

    def kill(self, known: Sequence[psutil.Process]) -> None:
        """SIGKILL to it and to all that it started: what it had not yet written is gone.

        Those known of its family stand still at once: to look for the rest takes as long as some commits.
        """
        assert self._child
        _each(known, psutil.Process.suspend)
        family = self.family()
        _each(family, psutil.Process.kill)
        psutil.wait_procs(family[1:], timeout=10)
        self._child.process.wait()

    async def stop(self) -> None:
        """Stop it in order."""
        if self._child:
            await stop(self._child)


def _each(processes: Sequence[psutil.Process], do: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        # A backend may have ended by itself meanwhile.
        with suppress(psutil.NoSuchProcess):
            do(process)


@asynccontextmanager
async def own_postgres(folder: Path) -> AsyncIterator[OwnPostgres]:
    """Running on entry and gone on exit."""
    postgres = OwnPostgres(folder)
    try:
        await postgres.start()
        yield postgres
    finally:
        await postgres.stop()
