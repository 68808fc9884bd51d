"""Dead letters become commands again, byte for byte, and each is counted."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError

from fairlead.kafka.partitions import partition_of
from service.kafka.answers import Answer, Answers
from service.kafka.dead_letters import REDRIVES, DeadLetter
from service.kafka.log_reader import open_reader
from service.kafka.topics import Topics

# A broker holds a batch to the bound of a command: what is larger than half of it travels alone.
BATCH_BYTES = 128 * 1024
_LAST_SECONDS = 5.0


class Redriver:
    """Publishes in the order that it is given; `answers` knows what comes of it."""

    def __init__(self, connection: Mapping[str, Any], topics: Topics, partitions: int, answers: Answers) -> None:
        self._connection = connection
        self._topics = topics
        self._partitions = partitions
        self.answers = answers
        self._producer: AIOKafkaProducer | None = None
        self.sent = 0

    async def publish(self, letters: Sequence[DeadLetter]) -> list[Answer]:
        """Publish these and return once the brokers have them; those that no broker takes are answered at once.

        Whatever it raises, `sent` says how many the brokers have.
        """
        self._producer = self._producer or await self._started()
        batches: list[tuple[int, list[DeadLetter], Any]] = []
        for partition, group in self._by_partition(letters).items():
            batches += [(partition, *batch) for batch in self._batches(group)]
        futures: dict[Any, tuple[int, list[DeadLetter]]] = {}
        try:
            for partition, group, builder in batches:
                future = await self._producer.send_batch(builder, self._topics.commands, partition=partition)
                futures[future] = (partition, group)
            # Not gathered: an interruption would cancel what is on its way, and nobody would know of it.
            await asyncio.wait(futures)
        except asyncio.CancelledError:
            if futures:
                await asyncio.wait(futures, timeout=_LAST_SECONDS)
            raise
        finally:
            self._note({future: group for future, group in futures.items() if future.done()})
        return await self._refused(futures)

    def _by_partition(self, letters: Sequence[DeadLetter]) -> dict[int, list[DeadLetter]]:
        groups: dict[int, list[DeadLetter]] = defaultdict(list)
        for letter in letters:
            key = letter.key
            place = letter.partition if key is None else partition_of(key, self._partitions)
            groups[place].append(letter)
        return groups

    def _batches(self, letters: Sequence[DeadLetter]) -> list[tuple[list[DeadLetter], Any]]:
        assert self._producer is not None  # noqa: S101  # publish has started it
        batches: list[tuple[list[DeadLetter], Any]] = []
        for letter in letters:
            redrives = (REDRIVES, str(letter.redrives + 1).encode())
            fields = {
                "timestamp": None,
                "key": letter.key,
                "value": letter.value,
                "headers": [*letter.headers, redrives],
            }
            if not batches or batches[-1][1].append(**fields) is None:
                batches.append(([], self._producer.create_batch()))
                batches[-1][1].append(**fields)
            batches[-1][0].append(letter)
        for _, builder in batches:
            builder.close()
        return batches

    def _note(self, ended: Mapping[Any, tuple[int, list[DeadLetter]]]) -> None:
        for future, (partition, group) in ended.items():
            if future.cancelled() or future.exception() is not None:
                continue
            self.sent += len(group)
            self.answers.expect(partition, future.result().offset, group)

    async def _refused(self, futures: Mapping[Any, tuple[int, list[DeadLetter]]]) -> list[Answer]:
        answers = []
        for future, (_, group) in futures.items():
            error = future.exception()
            if isinstance(error, MessageSizeTooLargeError) and len(group) == 1:
                reason = "With the header that counts it, the broker does not take it any more"
                answers.append(Answer(group[0], "refused", "too_large", reason))
            elif error is not None:
                raise error
        if answers:
            # After a refusal aiokafka's sequence of the partition is off.
            await self.stop()
        return answers

    async def _started(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(**self._connection, acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES)
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    async def stop(self) -> None:
        """Let go of the producer; publishing starts another."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()


@asynccontextmanager
async def redriving(connection: Mapping[str, Any], topics: Topics, partitions: int) -> AsyncIterator[Redriver]:
    """A redriver that misses no answer to what it publishes."""
    async with open_reader(connection, "read_committed", out_of_range="earliest") as consumer:
        places = [
            TopicPartition(name, number)
            for name in (topics.replies, topics.dead_letters)
            for number in range(partitions)
        ]
        consumer.assign(places)
        for tp, end in (await consumer.end_offsets(places)).items():
            consumer.seek(tp, end)
        redriver = Redriver(connection, topics, partitions, Answers(topics, consumer))
        try:
            yield redriver
        finally:
            await redriver.stop()
