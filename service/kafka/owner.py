"""The owner of one partition: acquire, then judge batch after batch, and acquire again after anything unexpected."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

import structlog

from fairlead.kafka.partitions import partition_of
from service.commands.batch import Decider
from service.commands.encoding import Encoder
from service.commands.ports import LocalStore
from service.kafka import metrics
from service.kafka.acquire import read_partition
from service.kafka.membership import Membership
from service.kafka.opening import open_store
from service.kafka.partition_feed import PartitionFeed
from service.kafka.recovery import Recovery, Remedy
from service.kafka.session import Session
from service.kafka.standby import Standbys
from service.kafka.standing import Standing
from service.kafka.suspicion import Suspicion
from service.kafka.terms import Terms
from service.kafka.transaction import PartitionProducer
from service.kafka.whole import whole
from service.status import Part

log = structlog.get_logger()

_IDLE_SECONDS = 1.0


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
        self._standing = Standing(name, terms.topics.commands, partition, membership.changed)
        self.partition = partition
        self._standbys = standbys
        self._terms = terms
        self._feed = feed
        self._membership = membership
        self._session: Session | None = None
        self._reading = False
        self._suspicion = Suspicion()
        self._stopping = False
        self._assigned = asyncio.Event()
        self._assigned.set()
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._recovery = Recovery()
        self._log = log.bind(aggregate=name, partition=partition)
        encoder = Encoder(terms.aggregate, partition, terms.topics.commands)
        self._decider = Decider(
            terms.aggregate,
            encoder,
            terms.reader,
            terms.snapshots,
            self._owns,
            allow_import=terms.allow_import,
            park=terms.park,
        )
        self._task = asyncio.create_task(self._run(), name=f"owner {name}[{partition}]")
        self._task.add_done_callback(self._ended)

    @property
    def part(self) -> Part:
        """How it stands."""
        return self._standing.part

    @property
    def next_offset(self) -> int | None:
        """What it would judge next, None while that is not known."""
        return self._session.next_offset if self._session else None

    @property
    def waiting_at(self) -> int | None:
        """The command that it waits for the broker to hand out."""
        return self._feed.waiting_at

    async def suspend(self, seconds: float) -> bool:
        """Finish the batch at hand and begin no other; whether it can go on where it stands.

        What it knows, and what it is about to read, stays true for as long as nobody else becomes the owner, and then
        the fence tells it.
        """
        self._assigned.clear()
        self._feed.stop()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._at_rest.wait(), seconds)
        if self._session and self._at_rest.is_set():
            self._standing.set("suspended", "the group is dealing out partitions")
            return True
        if self._reading:
            return True
        await self.stop(0)
        return False

    def resume(self) -> None:
        """The partition is assigned to us again."""
        self._assigned.set()
        if self._session:
            self._log.info("resumed", next_offset=self._session.next_offset)
            self._feed.start(self._session.next_offset)
            self._standing.set("owned")

    async def stop(self, seconds: float) -> None:
        """Finish the batch at hand if that takes no longer than this, then let go."""
        self._stopping = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._at_rest.wait(), seconds)
        self._task.cancel()
        await asyncio.wait({self._task})
        self._standing.forget()

    def _owns(self, key: bytes) -> bool:
        return partition_of(key, self._terms.partitions) == self.partition

    def _ended(self, task: asyncio.Task[None]) -> None:
        # An owner that ends in silence would look like an idle partition.
        if not task.cancelled() and (error := task.exception()):
            self._membership.lost(error)

    async def _run(self) -> None:
        why = "assigned"
        while not self._stopping:
            metrics.ACQUISITIONS.labels(self._terms.aggregate.name, why).inc()
            try:
                await self._own()
            except Exception as error:  # noqa: BLE001  # whatever it was, the truth is in the log: read it again
                remedy = self._recovery.remedy(error, asyncio.get_running_loop().time())
                self._tell(remedy, error)
                why = remedy.why
                if remedy.fenced:
                    # Who woke up from a pause learns by it that the partition is another's, and is stopped.
                    await self._membership.heartbeat()
                await asyncio.sleep(remedy.seconds)
                await self._assigned.wait()

    def _tell(self, remedy: Remedy, error: Exception) -> None:
        if remedy.stopped:
            self._log.error("partition stopped", reason=remedy.reason, again_in_s=remedy.seconds)
        elif remedy.fenced:
            self._log.warning("fenced", reason=remedy.reason, again_in_s=remedy.seconds)
        else:
            # A trace where nobody foresaw it.
            trace = error if remedy.why == "failed" else None
            self._log.warning("acquiring anew", why=remedy.why, reason=remedy.reason, exc_info=trace)
        self._standing.set("stopped" if remedy.stopped else "acquiring", remedy.reason)

    async def _own(self) -> None:
        terms = self._terms
        producer = PartitionProducer(
            terms.connection,
            terms.topics.transactional_id(self.partition),
            self.partition,
            timeout_ms=terms.transaction_timeout_ms,
            commit_timeout=terms.commit_timeout_s,
        )
        try:
            await producer.start()
            await self._standbys.release(self.partition)
            async with open_store(terms, self.partition) as store:
                await self._acquire_and_work(producer, store)
        finally:
            self._session = None
            self._reading = False
            self._at_rest.set()
            self._feed.stop()
            await producer.stop()

    async def _acquire_and_work(self, producer: PartitionProducer, store: LocalStore) -> None:
        self._reading = True
        acquired = await read_partition(self._terms, self.partition, store, partial(self._standing.set, "acquiring"))
        while not self._assigned.is_set():
            await self._assigned.wait()
        self._reading = False
        self._log.info("acquired", known_by=acquired.how, next_offset=acquired.next_offset, waiting=acquired.waiting)
        session = Session(
            self._terms, self.partition, self._decider, producer, acquired, self._suspicion, self._standing.hindered
        )
        await self._work(session)

    async def _work(self, session: Session) -> None:
        self._session = session
        self._feed.start(session.next_offset)
        self._standing.set("owned")
        idle = _IDLE_SECONDS
        try:
            while not self._stopping:
                batch = await self._feed.next(idle)
                self._at_rest.clear()
                if batch is None:
                    # Not while the group deals out partitions: it may be another's by now.
                    more = self._assigned.is_set() and await session.rest()
                    idle = 0 if more else _IDLE_SECONDS
                else:
                    await session.work(batch)
                    self._recovery.worked()
                self._at_rest.set()
        finally:
            # Who comes next then has nothing to read.
            if self._at_rest.is_set():
                await whole(session.flush())
