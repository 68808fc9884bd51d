"""One reader of a reply topic hands thousands of waiting callers what is theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError

from fairlead.envelope import Reply
from fairlead.failures import TopicsMissing, Unreachable

_MAX_RECORDS = 5_000


@dataclass(eq=False, frozen=True, slots=True)
class _Waiter:
    entity_id: str
    reply: asyncio.Future[Reply]


class ReplyReader:
    """Reads every partition of a reply topic from where it ended when reading began."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._waiting: dict[str, list[_Waiter]] = {}
        self._task = asyncio.create_task(self._read())
        self._task.add_done_callback(self._fail)

    @classmethod
    async def start(cls, connection: Mapping[str, Any], producer: AIOKafkaProducer, replies: str, *needed: str) -> Self:
        """A reader that misses no reply to what is sent from now on; raises TopicsMissing and Unreachable."""
        consumer = AIOKafkaConsumer(
            **connection, isolation_level="read_committed", enable_auto_commit=False, auto_offset_reset="latest"
        )
        try:
            await consumer.start()
            # Asking for all topics creates none, as asking for one by its name can.
            _require({replies, *needed}, await consumer.topics())
            partitions = [TopicPartition(replies, number) for number in await producer.partitions_for(replies)]
            consumer.assign(partitions)
            await consumer.seek_to_end()
            for partition in partitions:
                await consumer.position(partition)
        except KafkaConnectionError as error:
            await consumer.stop()
            raise Unreachable(connection["bootstrap_servers"]) from error
        except BaseException:
            await consumer.stop()
            raise
        return cls(consumer)

    @property
    def broken(self) -> bool:
        """Whether it can answer nobody any more."""
        return self._task.done()

    @contextmanager
    def expect(self, command_id: str, entity_id: str) -> Iterator[asyncio.Future[Reply]]:
        """The reply to a command that is sent within; the same id again waits for its own reply, in order."""
        waiter = _Waiter(entity_id, asyncio.get_running_loop().create_future())
        waiters = self._waiting.setdefault(command_id, [])
        waiters.append(waiter)
        try:
            yield waiter.reply
        finally:
            waiter.reply.cancel()
            if waiter in waiters:
                waiters.remove(waiter)
            if not waiters and self._waiting.get(command_id) is waiters:
                del self._waiting[command_id]

    async def stop(self) -> None:
        """Wait for nothing more."""
        self._task.cancel()
        await asyncio.wait([self._task])
        await self._consumer.stop()

    async def _read(self) -> None:
        while True:
            for records in (await self._consumer.getmany(timeout_ms=60_000, max_records=_MAX_RECORDS)).values():
                for record in records:
                    self._deliver(record.value)

    def _deliver(self, value: bytes) -> None:
        # Most replies of a busy topic are for others: they are not worth a model.
        raw = orjson.loads(value)
        waiters = self._waiting.get(raw["causationid"], ())
        # What could be nobody's id is left out of a reply: then the command's id alone must do.
        subject = raw.get("subject")
        for waiter in waiters:
            if subject in (None, waiter.entity_id) and not waiter.reply.done():
                waiter.reply.set_result(Reply.model_validate(raw))
                return

    def _fail(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        for waiters in self._waiting.values():
            for waiter in waiters:
                if not waiter.reply.done():
                    waiter.reply.set_exception(error or ConnectionError("The client was closed"))


def _require(needed: set[str], present: set[str]) -> None:
    if missing := needed - present:
        msg = f"Topics missing: {', '.join(sorted(missing))}; `fairlead topics apply` creates them"
        raise TopicsMissing(msg)
