"""What is done with a partition from its assignment on: acquire, work, and acquire again after anything unexpected."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import structlog

from fairlead.kafka.partitions import partition_of
from service.commands.batch import Decider
from service.commands.encoding import Encoder
from service.commands.ports import LocalStore, StoreBroken
from service.kafka import metrics
from service.kafka.acquire import read_partition
from service.kafka.opening import open_store
from service.kafka.partition_feed import PartitionFeed
from service.kafka.recovery import Recovery
from service.kafka.session import Session
from service.kafka.standby import Standbys
from service.kafka.standing import Standing
from service.kafka.suspicion import Suspicion
from service.kafka.terms import Terms
from service.kafka.transaction import PartitionProducer
from service.kafka.whole import whole

log = structlog.get_logger()

_IDLE_SECONDS = 1.0


class Ownership:
    """Whoever starts it tells it whether the partition is `assigned`, and that it shall be `stopping`.

    There is a `session` while commands are judged, and `reading` before it; `at_rest` is set between two batches.
    `fenced` is awaited by who has been.
    """

    def __init__(  # noqa: PLR0913  # what, by what rules, whence, beside whom, and who is told
        self,
        terms: Terms,
        partition: int,
        feed: PartitionFeed,
        standbys: Standbys,
        standing: Standing,
        fenced: Callable[[], Awaitable[None]],
    ) -> None:
        self.session: Session | None = None
        self.reading = self.stopping = False
        self.assigned, self.at_rest = asyncio.Event(), asyncio.Event()
        self.assigned.set()
        self.at_rest.set()
        self._terms = terms
        self._partition = partition
        self._feed = feed
        self._standbys = standbys
        self._standing = standing
        self._fenced = fenced
        self._suspicion = Suspicion()
        self._recovery = Recovery()
        self._log = log.bind(aggregate=terms.aggregate.name, partition=partition)
        self._decider = Decider(
            terms.aggregate,
            Encoder(terms.aggregate, partition, terms.topics.commands),
            terms.reader,
            terms.snapshots,
            lambda key: partition_of(key, terms.partitions) == partition,
            allow_import=terms.allow_import,
            park=terms.park,
        )

    async def run(self) -> None:
        """Own the partition until it shall be stopping, or is cancelled."""
        why = "assigned"
        while not self.stopping:
            metrics.ACQUISITIONS.labels(self._terms.aggregate.name, why).inc()
            try:
                await self._own()
            except Exception as error:  # noqa: BLE001  # whatever it was, the truth is in the log: read it again
                remedy = self._recovery.remedy(error, asyncio.get_running_loop().time())
                remedy.tell(self._log, error)
                self._standing.set("stopped" if remedy.stopped else "acquiring", remedy.reason)
                why = remedy.why
                if remedy.fenced:
                    # Who woke up from a pause learns by it that the partition is another's, and is stopped.
                    await self._fenced()
                await asyncio.sleep(remedy.seconds)
                await self.assigned.wait()

    async def _own(self) -> None:
        terms = self._terms
        producer = PartitionProducer(
            terms.connection,
            terms.topics.transactional_id(self._partition),
            self._partition,
            timeout_ms=terms.transaction_timeout_ms,
            commit_timeout=terms.commit_timeout_s,
        )
        try:
            await producer.start()
            await self._standbys.release(self._partition)
            async with open_store(terms, self._partition) as store:
                await self._work(await self._acquired(producer, store))
        finally:
            self.session = None
            self.reading = False
            self.at_rest.set()
            self._feed.stop()
            await producer.stop()

    async def _acquired(self, producer: PartitionProducer, store: LocalStore) -> Session:
        self.reading = True
        acquired = await read_partition(self._terms, self._partition, store, partial(self._standing.set, "acquiring"))
        while not self.assigned.is_set():
            await self.assigned.wait()
        self.reading = False
        self._log.info("acquired", known_by=acquired.how, next_offset=acquired.next_offset, waiting=acquired.waiting)
        return Session(
            self._terms, self._partition, self._decider, producer, acquired, self._suspicion, self._standing.hindered
        )

    async def _work(self, session: Session) -> None:
        self.session = session
        self._feed.start(session.next_offset)
        self._standing.set("owned")
        idle = _IDLE_SECONDS
        try:
            while not self.stopping:
                batch = await self._feed.next(idle)
                self.at_rest.clear()
                if batch is None:
                    # Not while the group deals out partitions: it may be another's by now.
                    more = self.assigned.is_set() and await session.rest()
                    idle = 0 if more else _IDLE_SECONDS
                else:
                    await session.work(batch)
                    self._recovery.worked()
                self.at_rest.set()
        finally:
            # Who comes next then has nothing to read. It can read all, and who was told to stop must hear that.
            if self.at_rest.is_set():
                with suppress(StoreBroken):
                    await whole(session.flush())
