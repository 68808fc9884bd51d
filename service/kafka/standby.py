"""A second copy of what a partition's owner knows, so that who takes over has little left to read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

import structlog

from service.kafka.acquire import read_partition
from service.kafka.opening import open_store
from service.kafka.pursuit import Pursuit
from service.kafka.terms import Terms
from service.kafka.unread import Stale
from service.status import Part

log = structlog.get_logger()

_PAUSE_SECONDS = 5.0
_OTHER_CODE_SECONDS = 60.0


class Standby:
    """Keeps the copy of one partition until it is stopped; `part` says how it stands."""

    def __init__(self, terms: Terms, partition: int) -> None:
        self._terms = terms
        self._partition = partition
        self._log = log.bind(aggregate=terms.aggregate.name, partition=partition)
        self.part = self._part("reading")
        self._task = asyncio.create_task(self._run(), name=f"standby {terms.aggregate.name}[{partition}]")

    async def stop(self) -> None:
        """Let go of the copy."""
        self._task.cancel()
        await asyncio.wait({self._task})

    def _part(self, state: str, reason: str | None = None) -> Part:
        # A copy that is behind keeps nobody from working.
        return Part(f"{self._terms.topics.events}[{self._partition}] standby", state, ready=True, reason=reason)

    def _tell(self, reason: str | None) -> None:
        self.part = self._part("reading", reason)

    def _follows(self, reason: str | None) -> None:
        self.part = self._part("following", reason)

    async def _run(self) -> None:
        while True:
            pause = _PAUSE_SECONDS
            try:
                await self._follow()
            except Stale as stale:
                # As long as a deployment lasts: each time all is read from the beginning.
                pause = _OTHER_CODE_SECONDS
                self._tell(str(stale))
            except Exception as error:  # noqa: BLE001  # whatever it was, a copy can be made anew
                self._log.warning("standby begins anew", reason=f"{type(error).__name__}: {error}")
                self._tell(str(error))
            await asyncio.sleep(pause)

    async def _follow(self) -> None:
        terms = self._terms
        async with open_store(terms, self._partition) as store:
            acquired = await read_partition(terms, self._partition, store, self._tell)
            self._log.info("standing by", known_by=acquired.how, next_offset=acquired.next_offset)
            await Pursuit(terms, acquired.logs, acquired.local, self._follows).run()


class Standbys:
    """Those of all partitions of an aggregate that this member does not own."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._following: dict[int, Standby] = {}

    def parts(self) -> list[Part]:
        """How each stands."""
        return [standby.part for standby in self._following.values()]

    async def keep(self, owned: Callable[[], Collection[int]]) -> None:
        """Follow all but those that are owned now."""
        for partition in self._following.keys() & set(owned()):
            await self.release(partition)
        for partition in set(range(self._terms.partitions)) - self._following.keys() - set(owned()):
            self._following[partition] = Standby(self._terms, partition)

    async def stop(self) -> None:
        """Let go of all."""
        for partition in [*self._following]:
            await self.release(partition)

    async def release(self, partition: int) -> None:
        """Follow a partition no longer: its owner is here, and takes the copy."""
        if standby := self._following.get(partition):
            await standby.stop()
            # Only now: who comes meanwhile must wait for this end too, or it finds the store locked and makes another.
            self._following.pop(partition, None)
