"""The owner of one partition: acquire, then judge batch after batch, and acquire again after anything unexpected."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from aiokafka.errors import ProducerFenced
from aiokafka.partitioner import murmur2

from service.commands.batch import Decider
from service.commands.encoding import Encoder
from service.commands.ports import Draft, KeyStore, Record
from service.commands.reading import CommandReader
from service.commands.replay import GapInLog
from service.domain import Aggregate
from service.kafka.acquire import PartitionUnsafe, read_partition
from service.kafka.checkpoint import checkpoint_after
from service.kafka.topics import Topics
from service.kafka.transaction import PartitionProducer, Tainted

log = structlog.get_logger()

_BACKOFF_SECONDS = 0.25
_MAX_BACKOFF_SECONDS = 5.0
_FENCED_SECONDS = 1.5
_MAX_FENCED_SECONDS = 30.0
_MAX_DOUBLINGS = 10


class Feed(Protocol):
    """The commands of one partition, from wherever its owner says."""

    def start(self, next_offset: int) -> None:
        """Read from here."""

    def stop(self) -> None:
        """Read no more, and forget what was read ahead."""

    async def next(self) -> Sequence[Record]:
        """The next records, at least one."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for every owner of an aggregate's partitions."""

    connection: Mapping[str, Any]
    aggregate: Aggregate
    topics: Topics
    partitions: int
    reader: CommandReader
    keys: KeyStore
    allow_import: bool
    transaction_timeout_ms: int
    commit_timeout_s: float


class PartitionOwner:
    """Runs until told to stop; `owned` is set while it is judging, `next_offset` is what it would judge next."""

    def __init__(self, terms: Terms, partition: int, feed: Feed) -> None:
        self.partition = partition
        self.owned = asyncio.Event()
        self.next_offset: int | None = None
        self._terms = terms
        self._feed = feed
        self._stopping = False
        self._in_batch = False
        self._failures = 0
        self._log = log.bind(aggregate=terms.aggregate.name, partition=partition)
        encoder = Encoder(terms.aggregate, partition, terms.topics.commands)
        self._decider = Decider(terms.aggregate, encoder, terms.reader, self._owns, allow_import=terms.allow_import)
        self._task = asyncio.create_task(self._run(), name=f"owner {terms.aggregate.name}[{partition}]")

    def _owns(self, key: bytes) -> bool:
        return int(murmur2(key) & 0x7FFFFFFF) % self._terms.partitions == self.partition

    async def stop(self, seconds: float) -> None:
        """Finish the batch at hand if that takes no longer than this, then let go."""
        self._stopping = True
        if self._in_batch:
            await asyncio.wait({self._task}, timeout=seconds)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._own()
            except (PartitionUnsafe, GapInLog) as fault:
                self._log.error("partition stopped", reason=str(fault))
                return
            except Tainted:
                self._log.warning("acquiring anew", reason="a request to the broker failed on its way")
            except ProducerFenced:
                self._log.warning("fenced", reason="another owner has started, or a transaction took too long")
                # Longer each time, so that two who both believe they are the owner do not fence each other in turns.
                await self._pause(_FENCED_SECONDS, _MAX_FENCED_SECONDS)
            except Exception as error:  # noqa: BLE001  # whatever it was, the truth is in the log: read it again
                self._log.warning("acquiring anew", error=type(error).__name__, reason=str(error), exc_info=True)
                await self._pause(_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS)
            finally:
                self.owned.clear()
                self._feed.stop()

    async def _pause(self, first: float, longest: float) -> None:
        seconds = min(first * 2 ** min(self._failures, _MAX_DOUBLINGS), longest)
        self._failures += 1
        await asyncio.sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311  # jitter is no secret

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
            acquired = await read_partition(
                terms.connection, terms.aggregate, terms.topics, self.partition, keep_event_ids=terms.allow_import
            )
            self._log.info(
                "acquired",
                entities=len(acquired.entities.known),
                next_offset=acquired.next_offset,
                waiting=acquired.waiting,
            )
            self.next_offset = acquired.next_offset
            self._feed.start(acquired.next_offset)
            self.owned.set()
            while not self._stopping:
                records = await self._feed.next()
                self._in_batch = True
                await self._work(producer, acquired.entities, records)
                self._in_batch = False
        finally:
            self._in_batch = False
            await producer.stop()

    async def _work(self, producer: PartitionProducer, entities: Any, received: Sequence[Record]) -> None:
        records = [record for record in received if record.offset >= (self.next_offset or 0)]
        if not records:
            return
        batch = self._decider.read(records, entities)
        people = self._decider.people(batch)
        # Before the transaction: an event must never be readable for ever because its key was not kept.
        keys = await self._terms.keys.ensure(self._terms.aggregate.name, people) if people else {}
        output, overlay = self._decider.decide(batch, entities, keys)
        checkpoint = checkpoint_after(records[-1])
        topics = self._terms.topics
        writes: list[tuple[str, Sequence[Draft]]] = [
            (topics.events, output.events),
            (topics.replies, output.replies),
            (topics.dead_letters, output.dead_letters),
            (topics.snapshots, [checkpoint.draft()]),
        ]
        await producer.write(writes)
        overlay.merge()
        self._failures = 0
        self.next_offset = checkpoint.next_offset
