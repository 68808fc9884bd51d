"""The bound: what Kafka and its client allow when nothing is judged. A yardstick, and no way to run anything.

Reads the commands, and writes bytes of real events and replies in transactions as large as the handler's, on the same
partitions; run as a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.producer import sender

from fairlead.envelope import CONTENT_TYPE
from tests.bench.plain import plain_consumer, run_lean

# As the handler, whose reasons stand in service/kafka/transaction.py.
sender.BACKOFF_OVERRIDE = 0.002
_MAX_RECORDS = 2_000
# About what a broker takes at most: fewer requests, in favour of the bound.
_BATCH_BYTES = 1_000_000
_HEADERS = [CONTENT_TYPE]

Answered = tuple[bytes, bytes]  # a reply, and an event or nothing


@dataclass(frozen=True, slots=True)
class Loop:
    """What the loops of all partitions share."""

    prefix: str
    to: str
    consumer: AIOKafkaConsumer
    sample: Sequence[Answered]

    async def run(self, partition: int, producers: Sequence[AIOKafkaProducer], end: int) -> None:
        """Work off the commands of a partition; with two producers one fills while the other commits."""
        tp, at = TopicPartition(f"{self.prefix}ship.commands", partition), 0
        committing: asyncio.Task[None] | None = None
        turns = cycle(producers)
        while at < end:
            records = (await self.consumer.getmany(tp, timeout_ms=1_000, max_records=_MAX_RECORDS)).get(tp)
            if not records:
                continue
            producer = next(turns)
            if committing is not None and len(producers) == 1:
                await committing
            await producer.begin_transaction()
            await self._fill(producer, partition, records)
            if committing is not None:
                await committing  # in the order of the log
            committing = asyncio.create_task(producer.commit_transaction())
            at = records[-1].offset + 1
        if committing is not None:
            await committing

    async def _fill(self, producer: AIOKafkaProducer, partition: int, records: Sequence[Any]) -> None:
        """Send an event for most, and a reply for each; return once they are acknowledged."""
        answered, size = self.sample, len(self.sample)
        drafts = [(record.key, record.timestamp, *answered[record.offset % size]) for record in records]
        events = [(key, time, event) for key, time, _, event in drafts if event]
        replies = [(key, time, reply) for key, time, reply, _ in drafts]
        futures = [
            await producer.send_batch(batch, f"{self.to}.{kind}", partition=partition)
            for kind, written in (("events", events), ("replies", replies))
            for batch in _batches(producer, written)
        ]
        await asyncio.gather(*futures)


def _batches(producer: AIOKafkaProducer, written: Sequence[tuple[bytes, int, bytes]]) -> Iterator[Any]:
    """Full batches, and the rest, of these keys, times and values."""
    builder = producer.create_batch()
    for key, time, value in written:
        if builder.append(key=key, value=value, timestamp=time, headers=_HEADERS) is None:
            yield builder
            builder = producer.create_batch()
            builder.append(key=key, value=value, timestamp=time, headers=_HEADERS)
    builder.close()
    yield builder


def _read_sample(file: Path) -> Sequence[Answered]:
    lines = file.read_bytes().split(b"\n")
    return list(zip(lines[::2], lines[1::2], strict=True))


async def _run(given: argparse.Namespace) -> None:
    consumer = plain_consumer(given.bootstrap_servers, isolation_level="read_uncommitted", check_crcs=False)
    producers = [
        [
            AIOKafkaProducer(
                bootstrap_servers=given.bootstrap_servers,
                transactional_id=f"{given.to}.{partition}.{turn}",
                acks="all",
                linger_ms=0,
                max_batch_size=_BATCH_BYTES,
                retry_backoff_ms=5,
            )
            for turn in range(given.producers)
        ]
        for partition in range(given.partitions)
    ]
    clients = [consumer, *(producer for several in producers for producer in several)]
    try:
        await asyncio.gather(*(client.start() for client in clients))
        commands = [TopicPartition(f"{given.prefix}ship.commands", partition) for partition in range(given.partitions)]
        consumer.assign(commands)
        ends = await consumer.end_offsets(commands)
        loop = Loop(given.prefix, given.to, consumer, _read_sample(given.sample))
        await asyncio.gather(*(loop.run(tp.partition, producers[tp.partition], ends[tp]) for tp in commands))
    finally:
        await asyncio.gather(*(client.stop() for client in clients))


def main() -> None:
    """Work off all commands that there are under a prefix, and end."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.raw", description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--to", required=True, help="topics to write to, without .events and .replies")
    parser.add_argument("--sample", required=True, type=Path)
    parser.add_argument("--partitions", type=int, required=True)
    parser.add_argument("--producers", type=int, required=True, help="for each partition, in turn")
    given = parser.parse_args()
    run_lean(_run(given))


if __name__ == "__main__":
    main()
