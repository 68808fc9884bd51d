"""One reader of a reply topic hands thousands of waiting callers what is theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from fairlead.failures import CLOSED, again
from fairlead.kafka.consumers import partitions_of, read, starting, stop
from fairlead.kafka.pacing import breathe

_MAX_RECORDS = 200


class Waiter(NamedTuple):
    """Whoever waits for a reply to a command for an entity.

    The reply comes in its bytes, of which whoever is answered makes a model: with as many models at once as there are
    replies, Python looking for garbage among them took half of the client's time.
    """

    command_id: str
    entity_id: str
    reply: asyncio.Future[bytes]


class ReplyReader:
    """Reads every partition of a reply topic from where it ended when reading began."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        # To ask which one runs is a system call in Python 3.11, and a twentieth of the client's time.
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, list[Waiter]] = {}
        self._task = asyncio.create_task(self._read())
        self._task.add_done_callback(self._fail)

    @classmethod
    async def start(cls, connection: Mapping[str, Any], replies: str) -> Self:
        """A reader that misses no reply to what is sent from now on; raises TopicsMissing and Unreachable."""
        async with starting(connection, replies, auto_offset_reset="latest") as consumer:
            partitions = [TopicPartition(replies, number) for number in await partitions_of(consumer, replies)]
            consumer.assign(partitions)
            await consumer.seek_to_end()
            for partition in partitions:
                await consumer.position(partition)
        return cls(consumer)

    @property
    def broken(self) -> bool:
        """Whether it can answer nobody any more."""
        return self._task.done()

    def expect(self, command_id: str, entity_id: str) -> Waiter:
        """Wait for the reply to a command that is sent next; the same id again waits for its own reply, in order."""
        waiter = Waiter(command_id, entity_id, self._loop.create_future())
        self._waiting.setdefault(command_id, []).append(waiter)
        return waiter

    def forget(self, waiter: Waiter) -> None:
        """It waits no longer, answered or not."""
        waiter.reply.cancel()
        waiters = self._waiting[waiter.command_id]
        waiters.remove(waiter)
        if not waiters:
            del self._waiting[waiter.command_id]

    async def stop(self) -> None:
        """Wait for nothing more."""
        self._task.cancel()
        await asyncio.wait([self._task])
        await stop(self._consumer)

    async def _read(self) -> None:
        while True:
            found = await read(self._consumer, _MAX_RECORDS)
            for records in found.values():
                for record in records:
                    self._deliver(record.value)
            # Those who were answered go on before more is read.
            count = sum(map(len, found.values()))
            await breathe(count, more=count >= _MAX_RECORDS)

    def _deliver(self, value: bytes) -> None:
        # What is no reply answers nobody, and is not to end the waiting of those whose reply is still to come.
        try:
            raw = orjson.loads(value)
            waiting = self._waiting.get(raw["causationid"], ())
        except (ValueError, TypeError, LookupError):
            return
        # What could be nobody's id is left out of a reply: then the command's id alone must do.
        subject = raw.get("subject")
        for waiter in waiting:
            if subject in (None, waiter.entity_id) and not waiter.reply.done():
                waiter.reply.set_result(value)
                return

    def _fail(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        for waiters in self._waiting.values():
            for waiter in waiters:
                if not waiter.reply.done():
                    waiter.reply.set_exception(again(error or ConnectionError(CLOSED)))
