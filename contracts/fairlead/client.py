"""Send a command and await its reply, so that a caller need not know that topics lie between."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, Unpack

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError

from fairlead.bounds import MAX_VALUE_BYTES, Message
from fairlead.envelope import CONTENT_TYPE, Reply
from fairlead.failures import NoReply, NotConfirmed, TooLarge, TopicsMissing, Unreachable
from fairlead.outgoing import Extras, aggregate_of, encode, said
from fairlead.replies import ReplyReader

__all__ = ["Client", "Extras", "NoReply", "NotConfirmed", "TooLarge", "TopicsMissing", "Unreachable"]

DEFAULT_TIMEOUT = 30.0
# A broker holds a whole batch to the bound of a command. Small batches make thousands of senders wait in turn,
# and each that is sent wakes them all.
_BATCH_BYTES = MAX_VALUE_BYTES // 2
# A producer that stops waits for brokers; all that was published is acknowledged by then, so this loses nothing.
_STOP_SECONDS = 5.0


class Client:
    """Speaks to one cluster; safe to share between thousands of tasks of one event loop.

    `connection` goes to aiokafka as it is: `security_protocol`, `ssl_context`, `sasl_…`.
    Entering raises Unreachable where no broker answers.
    """

    def __init__(
        self, *, bootstrap_servers: str, prefix: str = "", source: str = "/fairlead/client", **connection: Any
    ) -> None:
        self._connection = {"bootstrap_servers": bootstrap_servers, **connection}
        self._prefix = prefix
        self._source = source
        self._readers: dict[str, ReplyReader] = {}
        self._opening: dict[str, asyncio.Lock] = {}

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(
            **self._connection, acks="all", enable_idempotence=True, linger_ms=1, max_batch_size=_BATCH_BYTES
        )
        try:
            await self._producer.start()
        except KafkaConnectionError as error:
            await self._producer.stop()
            raise Unreachable(self._connection["bootstrap_servers"]) from error
        except BaseException:
            await self._producer.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                stopping = (self._producer.stop(), *(reader.stop() for reader in self._readers.values()))
                # Without a broker aiokafka's own tasks end by being cancelled, which is not a cancellation of ours.
                await asyncio.gather(*stopping, return_exceptions=True)

    async def send(
        self,
        command: Message,
        entity_id: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109  # running out of it has an answer of its own
        **extras: Unpack[Extras],
    ) -> Reply:
        """Publish a command and await what became of it; refusals are replies too.

        Raises NoReply, TooLarge, TopicsMissing and Unreachable.
        """
        aggregate, type_ = aggregate_of(command)
        data = said(command)
        return await self.send_raw(aggregate, type_, entity_id, data, timeout=timeout, **extras)

    async def send_raw(  # a command has as many parts
        self,
        aggregate: str,
        type_: str,
        entity_id: str,
        data: Any,
        *,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109  # as in send
        **extras: Unpack[Extras],
    ) -> Reply:
        """As `send`, for data that nobody has checked: the service judges it as it stands."""
        command_id, value = encode(self._source, aggregate, type_, entity_id, data, extras)
        try:
            async with asyncio.timeout(timeout):
                reader = await self._reader(aggregate)
                with reader.expect(command_id, entity_id) as reply:
                    await self._put(aggregate, entity_id, value)
                    return await reply
        except TimeoutError as error:
            raise NoReply(command_id, timeout) from error

    async def publish(
        self,
        command: Message,
        entity_id: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109  # as in send
        **extras: Unpack[Extras],
    ) -> str:
        """Publish without waiting for what becomes of it; the command's id, once the brokers have it.

        Raises NotConfirmed, TooLarge, TopicsMissing and Unreachable.
        """
        aggregate, type_ = aggregate_of(command)
        data = said(command)
        return await self.publish_raw(aggregate, type_, entity_id, data, timeout=timeout, **extras)

    async def publish_raw(  # a command has as many parts
        self,
        aggregate: str,
        type_: str,
        entity_id: str,
        data: Any,
        *,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109  # as in send
        **extras: Unpack[Extras],
    ) -> str:
        """As `publish`, for data that nobody has checked."""
        command_id, value = encode(self._source, aggregate, type_, entity_id, data, extras)
        try:
            async with asyncio.timeout(timeout):
                await self._reader(aggregate)
                await self._put(aggregate, entity_id, value)
        except TimeoutError as error:
            raise NotConfirmed(command_id, timeout) from error
        return command_id

    async def _put(self, aggregate: str, entity_id: str, value: bytes) -> None:
        topic = f"{self._prefix}{aggregate}.commands"
        try:
            delivered = await self._producer.send(topic, value, key=entity_id.encode(), headers=[CONTENT_TYPE])
            await delivered
        except MessageSizeTooLargeError as error:
            msg = f"The broker takes no command of {len(value)} bytes; it was not sent"
            raise TooLarge(msg) from error

    async def _reader(self, aggregate: str) -> ReplyReader:
        async with self._opening.setdefault(aggregate, asyncio.Lock()):
            reader = self._readers.get(aggregate)
            if reader is None or reader.broken:
                if reader is not None:
                    await reader.stop()
                topics = [f"{self._prefix}{aggregate}.{kind}" for kind in ("replies", "commands")]
                reader = await ReplyReader.start(self._connection, self._producer, *topics)
                self._readers[aggregate] = reader
            return reader
