"""The owner of one partition, as the group that assigns it sees it: it works, rests and lets go when it is told to."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from service.kafka.membership import Membership
from service.kafka.ownership import Ownership
from service.kafka.partition_feed import PartitionFeed
from service.kafka.standby import Standbys
from service.kafka.standing import Standing
from service.kafka.terms import Terms
from service.status import Part

log = structlog.get_logger()


class PartitionOwner:
    """Runs until told to stop; `part` says how it stands, and the membership is told when it stands otherwise."""

    def __init__(
        self,
        terms: Terms,
        partition: int,
        feed: PartitionFeed,
        membership: Membership[PartitionOwner],
        standbys: Standbys,
    ) -> None:
        name = terms.aggregate.name
        self.partition = partition
        self._feed = feed
        self._membership = membership
        self._standing = Standing(name, terms.topics.commands, partition, membership.changed)
        self._ownership = Ownership(terms, partition, feed, standbys, self._standing, membership.heartbeat)
        self._log = log.bind(aggregate=name, partition=partition)
        self._task = asyncio.create_task(self._ownership.run(), name=f"owner {name}[{partition}]")
        self._task.add_done_callback(self._ended)

    @property
    def part(self) -> Part:
        """How it stands."""
        return self._standing.part

    @property
    def next_offset(self) -> int | None:
        """What it would judge next, None while that is not known."""
        session = self._ownership.session
        return session.next_offset if session else None

    @property
    def waiting_at(self) -> int | None:
        """The command that it waits for the broker to hand out."""
        return self._feed.waiting_at

    async def suspend(self, seconds: float) -> bool:
        """Finish the batch at hand and begin no other; whether it can go on where it stands.

        What it knows, and what it is about to read, stays true for as long as nobody else becomes the owner, and then
        the fence tells it.
        """
        own = self._ownership
        own.assigned.clear()
        self._feed.stop()
        with suppress(TimeoutError):
            await asyncio.wait_for(own.at_rest.wait(), seconds)
        if own.session and own.at_rest.is_set():
            self._standing.set("suspended", "the group is dealing out partitions")
            return True
        if own.reading:
            return True
        await self.stop(0)
        return False

    def resume(self) -> None:
        """The partition is assigned to us again."""
        self._ownership.assigned.set()
        if session := self._ownership.session:
            self._log.info("resumed", next_offset=session.next_offset)
            self._feed.start(session.next_offset)
            self._standing.set("owned")

    async def stop(self, seconds: float) -> None:
        """Finish the batch at hand if that takes no longer than this, then let go."""
        self._ownership.stopping = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ownership.at_rest.wait(), seconds)
        self._task.cancel()
        await asyncio.wait({self._task})
        self._standing.forget()

    def _ended(self, task: asyncio.Task[None]) -> None:
        # An owner that ends in silence would look like an idle partition.
        if not task.cancelled() and (error := task.exception()):
            self._membership.lost(error)
