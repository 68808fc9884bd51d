"""What an owner does between one fence and the next: transaction after transaction, on what it read after the fence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import perf_counter
from typing import TypeVar

from fairlead.envelope import Command
from service.commands.batch import Decider
from service.commands.decision import Decision
from service.commands.faults import Unreadable
from service.commands.parked import Letters
from service.commands.ports import Draft, Output, Record
from service.commands.reading import Read
from service.kafka.acquire import Acquired
from service.kafka.checkpoint import Checkpoint, Needed
from service.kafka.keeping import Keeping
from service.kafka.log_reader import Tell
from service.kafka.partition_feed import Batch
from service.kafka.suspicion import Suspicion
from service.kafka.sweep import Sweep
from service.kafka.tally import Tally
from service.kafka.terms import Terms
from service.kafka.transaction import PartitionProducer, Refused
from service.kafka.waiting import add_letters

# What is read or decided in one step holds up heartbeats and other partitions: some 10 ms.
_STEP = 200
# In one transaction so many entities that changed some time ago are swept, or as many as there are commands.
_SWEPT = 100


class Session:
    """Works off batches; `next_offset` is what it would judge next. After any exception it is over."""

    def __init__(  # noqa: PLR0913  # what it works with, on what, and what earlier ones have learnt
        self,
        terms: Terms,
        partition: int,
        decider: Decider,
        producer: PartitionProducer,
        acquired: Acquired,
        suspicion: Suspicion,
        tell: Tell,
    ) -> None:
        self.next_offset = acquired.next_offset
        self._terms = terms
        self._partition = partition
        self._decider = decider
        self._producer = producer
        self._local = acquired.local
        self._entities = acquired.local.entities
        logs = acquired.logs
        self._ends = {tp.topic: logs.ends[tp] for tp in (logs.events, logs.replies)}
        self._sweep = Sweep(acquired.local)
        self._keeping = Keeping(acquired.local)
        self._tally = Tally(terms.aggregate.name, partition)
        self._suspicion = suspicion
        self._tell = tell
        self._report(acquired.next_offset + acquired.waiting)
        self._tally.remembered(self._entities.outcomes)

    async def work(self, batch: Batch) -> None:
        """Answer all of a batch; raises what PartitionProducer.write and KeyStore.ensure do."""
        reads = await self._read([record for record in batch.records if record.offset >= self.next_offset])
        checkpoint = self._local.standpoint.checkpoint
        if not reads and checkpoint and batch.next_offset > self.next_offset:
            # Only markers of somebody's transactions: once retention takes them, they would look like lost commands.
            await self._write(Output(), checkpoint.moved(batch.next_offset))
        busy_until = batch.end - self._terms.busy_above if self._terms.busy_above else 0
        while reads:
            size = self._decider.cut(reads[: self._suspicion.limit(self.next_offset, len(reads))])
            part, reads = reads[:size], reads[size:]
            next_offset = part[-1][0].offset + 1 if reads else batch.next_offset
            await self._transact(part, next_offset, busy_until)
            await self._keep()
        self._report(batch.end)

    async def rest(self) -> bool:
        """Do what can wait while there are no commands, a little at a time; whether there is more of it."""
        checkpoint = self._local.standpoint.checkpoint
        if checkpoint and self._sweep.pending:
            decision, swept = self._decider.begin(self._entities, {}, {}), self._sweep.next(_SWEPT)
            decision.snapshot(swept, checkpoint.last_timestamp)
            needed, fold = self._needed(decision.output), self._terms.snapshots.fold
            await self._write(decision.output, replace(checkpoint, needed=needed, fold=fold))
            self._sweep.written(swept, _SWEPT, decision.output.stateless)
        await self._keep()
        return self._sweep.pending

    async def flush(self) -> None:
        """Have the local store keep all that is known, so that who comes next reads less."""
        await self._local.flush()

    def _needed(self, output: Output) -> Needed:
        """From where on the logs are needed once this is written."""
        floors = self._local.standpoint.floors
        clock, replies = floors.replies
        # A record without a state may hide the last one that had it, from when it is written on.
        return Needed(0 if any(output.stateless.values()) else floors.events, replies, clock)

    def _reached(self, topic: str, count: int, before: int) -> int:
        """Where a log surely ends once so many records more are written, where it did so before."""
        return self._ends[topic] + count if count else before

    async def _keep(self) -> None:
        if await self._keeping.flushed():
            self._tally.remembered(self._entities.outcomes)

    async def _read(self, records: Sequence[Record]) -> list[Read]:
        reads: list[Read] = []
        for step in _steps(records):
            reads += self._decider.read(step, self._entities)
            await asyncio.sleep(0)
        return reads

    async def _transact(self, part: Sequence[Read], next_offset: int, busy_until: int) -> None:
        started = perf_counter()
        decision = await self._decide(part, busy_until)
        output, last, at = decision.output, part[-1][0], self._local.standpoint
        topics, before = self._terms.topics, at.checkpoint
        swept = self._sweep.next(count := max(len(part), _SWEPT))
        decision.snapshot(swept, last.timestamp)
        at.floors.mark(self._entities.clock, self._ends[topics.replies], decision.overlay.clock)
        checkpoint = Checkpoint(
            next_offset,
            last.offset,
            last.timestamp,
            self._reached(topics.events, len(output.events), before.events if before else 0),
            self._reached(topics.replies, len(output.replies), before.replies if before else 0),
            self._needed(output),
            self._terms.snapshots.fold,
            self._terms.partitions,
        )
        try:
            await self._write(output, checkpoint)
        except Refused as refused:
            self._suspicion.narrow(part[0][0].offset, next_offset, len(part), str(refused))
            raise
        decision.overlay.merge()
        self._sweep.written(swept, count, output.stateless)
        self._suspicion.clear(self.next_offset)
        self._tally.judged(len(part), output.statuses, perf_counter() - started)

    async def _decide(self, part: Sequence[Read], busy_until: int) -> Decision:
        terms, (record, command) = self._terms, part[0]
        people = self._decider.people(part)
        # Before the transaction: an event must never be readable for ever because its key was not kept.
        keys = await terms.keys.ensure(terms.aggregate.name, people) if people else {}
        waiting = await self._waiting(record, command) if self._decider.redrives(command) else {}
        decision = self._decider.begin(self._entities, keys, waiting)
        if (error := self._suspicion.refused.get(record.offset)) and len(part) == 1:
            decision.refuse(part[0], error)
            return decision
        busy = sum(record.offset < busy_until for record, _ in part)
        retry_after_ms = self._tally.retry_after_ms(self._terms.busy_above or 0)
        for step in _steps(part[:busy]):
            decision.put_off(step, retry_after_ms)
            await asyncio.sleep(0)
        for step in _steps(part[busy:]):
            decision.judge(step)
            await asyncio.sleep(0)
        return decision

    async def _waiting(self, record: Record, command: Command | Unreadable) -> dict[str, Letters]:
        """What waits of the entity that this redrives, where it is parked."""
        terms, subject = self._terms, command.subject
        if subject is None or (since := self._entities.parked.get(subject)) is None:
            return {}
        letters = Letters(since, record.timestamp)
        await add_letters(letters, terms.connection, terms.topics, self._partition, subject, self._tell)
        return {subject: letters}

    async def _write(self, output: Output, checkpoint: Checkpoint) -> None:
        topics = self._terms.topics
        writes: list[tuple[str, Sequence[Draft]]] = [
            (topics.events, output.events),
            (topics.replies, output.replies),
            (topics.dead_letters, output.dead_letters),
            (topics.snapshots, [*output.snapshots, checkpoint.draft()]),
        ]
        lasts = await self._producer.write(writes)
        # In front of what is written next will be the marker of this.
        self._ends |= {topic: last + 2 for topic, last in lasts.items()}
        self._local.wrote(checkpoint, lasts, dict(writes))
        self.next_offset = checkpoint.next_offset

    def _report(self, end: int) -> None:
        self._tally.stands(max(end - self.next_offset, 0), len(self._entities.parked))


T = TypeVar("T")


def _steps(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _STEP):
        yield items[start : start + _STEP]
