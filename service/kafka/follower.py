"""Reads one partition for a projection, from where the store stands, whatever happens to the store."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import (
    IllegalStateError,
    KafkaError,
    KafkaTimeoutError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from service.kafka import metrics
from service.kafka.membership import Membership
from service.projections.build import Build
from service.projections.store import OffsetMoved, StoreUnavailable
from service.projections.taking import Taking
from service.status import Part

log = structlog.get_logger()

# The more at once, the fewer rows for PostgreSQL: ships take a quarter less of its time than by 2,000, no less by
# 10,000. So many hold up all else in this process for 50 ms, and take 25 MB more.
_BATCH_RECORDS = 5_000
_POLL_MS = 1_000
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
    """Runs until stopped; `next_offset` is what it would read next, and `waiting_at` what the broker is asked for.

    The membership is told of what cannot be waited for.
    """

    def __init__(self, membership: Membership[Follower], tp: TopicPartition, build: Build, taking: Taking) -> None:
        self.next_offset: int | None = None
        self.waiting_at: int | None = None
        self.part = Part(f"{build.label} {tp.topic}[{tp.partition}]", "starting", ready=False)
        self._membership = membership
        self._consumer = membership.consumer
        self._tp = tp
        self._build = build
        self._taking = taking
        self._log = log.bind(projection=build.label, topic=tp.topic, partition=tp.partition)
        self._parked = metrics.PROJECTION_PARKED.labels(build.label, tp.topic, tp.partition)
        self._task = asyncio.create_task(self._run(), name=self.part.name)

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
        except KafkaError as fault:
            if not (fault.retriable or isinstance(fault, KafkaTimeoutError)):
                raise
            self._waits("waiting for the broker", str(fault))

    def _waits(self, what: str, reason: str) -> None:
        self.waiting_at = None
        self._log.warning(what, reason=reason)
        self.part = replace(self.part, state="waiting", ready=False, reason=f"{what}: {reason}")

    async def _start(self) -> int:
        """Read on from where the store stands, or from the beginning of the log."""
        beginning = (await self._consumer.beginning_offsets([self._tp]))[self._tp]
        at = await self._taking.begin(beginning)
        self._consumer.seek(self._tp, at)
        self._consumer.resume(self._tp)
        self._follows()
        return at

    async def _follow(self, at: int) -> None:
        while True:
            self.waiting_at = at
            try:
                batches = await self._consumer.getmany(self._tp, timeout_ms=_POLL_MS, max_records=_BATCH_RECORDS)
            except NoOffsetForPartitionError:
                # From before our seek, when aiokafka looked for a group offset in the background.
                continue
            except OffsetOutOfRangeError as error:
                raise LogDiffers(self._explain(at)) from error
            # Past the last record, so that the marker of its transaction does not look like lag.
            reached = await self._consumer.position(self._tp)
            if reached > at:
                self.waiting_at = None
                partition = self._tp.partition
                records = [_Read(one.key, one.value, partition, one.offset) for one in batches.get(self._tp, [])]
                await self._taking.take(records, reached)
                self.next_offset = at = reached
                self._follows()
            elif self._taking.standing.parked:
                # A redrive may have ended that, and while nothing comes nothing else would tell.
                if await self._taking.begin(at) != at:
                    raise OffsetMoved(f"{self._tp.topic}[{self._tp.partition}] is not where it was any more")
                self._follows()

    def _follows(self) -> None:
        parked = len(self._taking.standing.parked)
        self._parked.set(parked)
        reason = f"{parked} parked: `fairlead projections list` says which" if parked else None
        self.part = replace(self.part, state="following", ready=True, reason=reason)

    def _explain(self, at: int) -> str:
        one = self._build
        return (
            f"{self._tp.topic}[{self._tp.partition}] has no offset {at}, which the projection {one.name} would read "
            f"next: give the topic its own records back; or have the rows made anew from what is there by "
            f"`fairlead projections rebuild {one.name}`"
        )
