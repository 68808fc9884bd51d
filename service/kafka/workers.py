"""Who works on which partition, through all that a group deals out: what comes back need not be read anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Generic, Protocol, TypeVar

from aiokafka import TopicPartition

from service.status import Part

# Together with leaving the group they fit into the ten seconds that a supervisor gives.
_DRAIN_SECONDS = 2.5
_RELEASE_SECONDS = 5.0


class Worker(Protocol):
    """Works on one partition from its making on."""

    @property
    def next_offset(self) -> int | None:
        """What it would work on next, None while that is not known."""

    @property
    def waiting_at(self) -> int | None:
        """The offset that it waits for the broker to hand out, None while it waits for something else."""

    @property
    def part(self) -> Part:
        """How it stands."""

    async def suspend(self, seconds: float) -> bool:
        """Do nothing from about this time on; whether it can be resumed, or else has stopped."""

    def resume(self) -> None:
        """Go on after `suspend`."""

    async def stop(self, seconds: float) -> None:
        """Let go within about this time."""


W = TypeVar("W", bound=Worker)


class Workers(Generic[W]):
    """A worker, which `start` makes, for each partition that is assigned."""

    def __init__(self, start: Callable[[TopicPartition], W]) -> None:
        self._start = start
        self._working: dict[TopicPartition, W] = {}
        self._suspended: set[TopicPartition] = set()
        self._releasing: asyncio.Future[None] | None = None

    def all(self) -> list[W]:
        """Those that there are now."""
        return list(self._working.values())

    def waiting(self) -> dict[TopicPartition, int]:
        """What is waited for, by those who wait for the broker."""
        at = {tp: worker.waiting_at for tp, worker in self._working.items()}
        return {tp: offset for tp, offset in at.items() if offset is not None}

    def next_offsets(self) -> dict[TopicPartition, int]:
        """What is worked on next, where that is known."""
        at = {tp: worker.next_offset for tp, worker in self._working.items()}
        return {tp: offset for tp, offset in at.items() if offset}

    def assign(self, assigned: Collection[TopicPartition]) -> None:
        """Resume or start those of these partitions; let all others go, in the background."""
        gone = self._suspended - set(assigned)
        for tp in assigned:
            if tp in self._suspended:
                self._working[tp].resume()
            else:
                self._working[tp] = self._start(tp)
        self._suspended.clear()
        self._releasing = asyncio.ensure_future(_stop([self._working.pop(tp) for tp in gone]))

    async def suspend(self, revoked: Iterable[TopicPartition]) -> None:
        """Have these rest, within a bound; who cannot has stopped."""
        there = {tp: self._working[tp] for tp in revoked if tp in self._working}
        resting = {tp: asyncio.ensure_future(worker.suspend(_DRAIN_SECONDS)) for tp, worker in there.items()}
        if resting:
            await asyncio.wait(resting.values(), timeout=_RELEASE_SECONDS)
        for tp, rested in resting.items():
            if rested.done() and rested.result():
                self._suspended.add(tp)
            else:
                # Or all have been stopped meanwhile.
                self._working.pop(tp, None)

    async def stop(self) -> None:
        """Let all go, within a bound."""
        await _stop(self.all())
        self._working.clear()
        self._suspended.clear()
        if self._releasing:
            await self._releasing


async def _stop(workers: Collection[Worker]) -> None:
    if workers:
        stopping = [asyncio.ensure_future(worker.stop(_DRAIN_SECONDS)) for worker in workers]
        await asyncio.wait(stopping, timeout=_RELEASE_SECONDS)
