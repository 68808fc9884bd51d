"""Reads one partition for a projection, from where the store stands, whatever happens to the store."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, KafkaTimeoutError

from fairlead.versions import NewerVersion
from service.kafka import metrics
from service.kafka.membership import Membership
from service.kafka.partition_feed import PartitionFeed
from service.projections.build import Build
from service.projections.store import OffsetMoved, RowsRefused, StoreUnavailable
from service.projections.taking import Taking
from service.status import Part

log = structlog.get_logger()

# The more at once, the fewer rows for PostgreSQL: ships take a quarter less of its time than by 2,000, no less by
# 10,000. So many hold up all else in this process for 50 ms, and take 25 MB more.
_BATCH_RECORDS = 5_000
_IDLE_SECONDS = 1.0
# Rows that a replica had not got when it took over are missing for so long and no longer, though nothing more comes.
_LOOK_SECONDS = 30.0
_BACKOFF_SECONDS = 0.1
_MAX_BACKOFF_SECONDS = 5.0


@dataclass(slots=True)  # not frozen, as Stored
class _Read:
    """A bare record, and where it stands."""

    key: bytes | None
    value: bytes | None
    partition: int
    offset: int


class LogDiffers(Exception):
    """The log does not hold what the projection would read next; the message says what to do."""


class Follower:
    """Runs until stopped; `next_offset` is what it would read next.

    It reads ahead: records left lying while a batch is written hold up aiokafka's next fetch for all partitions, and
    one whose records lay for 0.1 s is missing from the next, which the broker may hold for 0.5 s.
    The membership is told of what cannot be waited for. That its log lacks what is next can be, where it is `patient`:
    only a person mends it, and the other partitions have nothing to do with it.
    """

    def __init__(
        self, membership: Membership[Follower], tp: TopicPartition, build: Build, taking: Taking, *, patient: bool
    ) -> None:
        self.next_offset: int | None = None
        self._beginning = 0
        self.part = Part(f"{build.label} {tp.topic}[{tp.partition}]", "starting", ready=False)
        self._membership = membership
        self._consumer = membership.consumer
        self._feed = PartitionFeed(membership.consumer, tp, _BATCH_RECORDS, membership.lost, self._differs)
        self._tp = tp
        self._build = build
        self._taking = taking
        self._patient = patient
        self._log = log.bind(projection=build.label, topic=tp.topic, partition=tp.partition)
        self._parked = metrics.PROJECTION_PARKED.labels(build.label, tp.topic, tp.partition)
        self._task = asyncio.create_task(self._run(), name=self.part.name)

    @property
    def waiting_at(self) -> int | None:
        """The offset that the broker is asked for."""
        return self._feed.waiting_at

    async def suspend(self, seconds: float) -> bool:
        """As stop: where the store stands is soon asked again."""
        await self.stop(seconds)
        return False

    def resume(self) -> None:
        """Never asked of one that was stopped."""

    async def stop(self, seconds: float) -> None:
        """Drop the batch at hand: whoever reads next begins where the store stands."""
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=seconds)
        # Whoever reads next counts them.
        self._parked.set(0)

    async def _run(self) -> None:
        try:
            backoff = _BACKOFF_SECONDS
            while True:
                before = self.next_offset
                await self._follow_until_lost()
                backoff = _BACKOFF_SECONDS if self.next_offset != before else min(backoff * 2, _MAX_BACKOFF_SECONDS)
                await asyncio.sleep(backoff)
        except IllegalStateError:
            # Taken away in a rebalance: the listener has stopped this follower, or is about to.
            self._log.debug("partition no longer assigned")
        except Exception as error:  # noqa: BLE001  # a follower that ends in silence would look like an idle partition
            self._membership.lost(error)

    async def _follow_until_lost(self) -> None:
        try:
            await self._follow(await self._start())
        except OffsetMoved as moved:
            self._waits("reading on from where another has come", str(moved))
        except StoreUnavailable as fault:
            self._waits("waiting for the store", str(fault))
        except NewerVersion as newer:
            self._waits("waiting for a later release of this projector", str(newer))
        except LogDiffers as differs:
            if not self._patient:
                raise
            self._waits("waiting for a log that has what is next", str(differs))
        except RowsRefused as refused:
            if not self._patient:
                raise
            self._waits("waiting for tables with room for it", str(refused))
        except KafkaError as fault:
            if not (fault.retriable or isinstance(fault, KafkaTimeoutError)):
                raise
            self._waits("waiting for the broker", str(fault))
        finally:
            self._feed.stop()

    def _waits(self, what: str, reason: str) -> None:
        before, self.part = self.part, replace(self.part, state="waiting", ready=False, reason=f"{what}: {reason}")
        # Some wait for a person, and try every few seconds.
        if self.part != before:
            self._log.warning(what, reason=reason)

    async def _start(self) -> int:
        """Read on from where the store stands, or from the beginning of the log."""
        self._beginning = (await self._consumer.beginning_offsets([self._tp]))[self._tp]
        at = await self._taking.begin(self._beginning)
        self._feed.start(at)
        # What it waits for may still be missing: that shows once it has read, or found nothing to read.
        if self.part.state != "waiting":
            self._follows()
        return at

    async def _follow(self, at: int) -> None:
        clock = asyncio.get_running_loop().time
        look_at = clock() + _LOOK_SECONDS
        while True:
            batch = await self._feed.next(_IDLE_SECONDS)
            if batch is not None:
                # Past the last record, so that the marker of its transaction does not look like lag.
                records = [_Read(one.key, one.value, self._tp.partition, one.offset) for one in batch.records]
                await self._taking.take(records, batch.next_offset)
                self.next_offset = at = batch.next_offset
                look_at = clock()
                self._follows()
            elif clock() >= look_at or self._taking.standing.parked or self.part.state == "waiting":
                # While nothing comes nothing else would tell. A server that crashed may have lost the latest batches;
                # what it has had for a second it keeps (three times wal_writer_delay), but a replica that takes over
                # may lack more. A redrive may have let some go.
                if await self._taking.begin(self._beginning) != at:
                    raise OffsetMoved(f"{self._tp.topic}[{self._tp.partition}] is not where it was any more")
                look_at = clock() + _LOOK_SECONDS
                self._follows()

    def _follows(self) -> None:
        parked = len(self._taking.standing.parked)
        self._parked.set(parked)
        reason = f"{parked} parked: `fairlead projections list` says which" if parked else None
        self.part = replace(self.part, state="following", ready=True, reason=reason)

    def _differs(self, at: int) -> LogDiffers:
        one = self._build
        return LogDiffers(
            f"{self._tp.topic}[{self._tp.partition}] has no offset {at}, which the projection {one.name} would read "
            f"next: give the topic its own records back; or have the rows made anew from what is there by "
            f"`fairlead projections rebuild {one.name}`"
        )
