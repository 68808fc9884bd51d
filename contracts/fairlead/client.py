"""Send a command and await its reply, so that a caller need not know that topics lie between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Self, Unpack

from fairlead.bounds import Message
from fairlead.envelope import Reply
from fairlead.events import EventReader, FollowedEvent, require_entity
from fairlead.failures import NoReply, NotConfirmed, TooLarge, TopicsMissing, Unreachable, name
from fairlead.kafka.transport import KafkaTransport
from fairlead.outgoing import Extras, aggregate_of, encode, said
from fairlead.tokens import Followed, read_token, write_token
from fairlead.transport import Transport
from fairlead.versions import version_of

__all__ = ["Client", "Extras", "NoReply", "NotConfirmed", "TooLarge", "TopicsMissing", "Unreachable"]

DEFAULT_TIMEOUT = 30.0


class Client:
    """Speaks to one cluster; safe to share between thousands of tasks of one event loop.

    `connection` goes to aiokafka as it is: `security_protocol`, `ssl_context`, `sasl_…`.
    Entering raises Unreachable where no broker answers. For tests of one's own without Kafka: fairlead.testing.
    """

    _transport: Transport

    def __init__(
        self, *, bootstrap_servers: str, prefix: str = "", source: str = "/fairlead/client", **connection: Any
    ) -> None:
        self._transport = KafkaTransport({"bootstrap_servers": bootstrap_servers, **connection}, prefix)
        self._source = source

    async def __aenter__(self) -> Self:
        await self._transport.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._transport.close()

    async def send(
        self,
        command: Message,
        entity_id: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109  # running out of it has an answer of its own
        attempts: int = 1,
        **extras: Unpack[Extras],
    ) -> Reply:
        """Publish a command and await what became of it; refusals are replies too.

        The id makes it safe to send a command again: what was carried out is not carried out once more, but answered
        with its first outcome and `duplicate`. So after NoReply call this again with `command_id=error.command_id`,
        from another process too; or have it done here: up to `attempts` times, each with `timeout` seconds, and after
        as long as the service asks for where it is `busy`. Raises NoReply, TooLarge, TopicsMissing and Unreachable; any
        other error of a command that may have been published has its `command_id` too.
        """
        aggregate, type_ = aggregate_of(command)
        data, version = said(command), version_of(type(command))
        return await self.send_raw(
            aggregate, type_, entity_id, data, timeout=timeout, attempts=attempts, schema_version=version, **extras
        )

    async def send_raw(  # noqa: PLR0913  # a command has as many parts
        self,
        aggregate: str,
        type_: str,
        entity_id: str,
        data: Any,
        *,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109  # as in send
        attempts: int = 1,
        schema_version: int = 1,
        **extras: Unpack[Extras],
    ) -> Reply:
        """As `send`, for data that nobody has checked: the service judges it as it stands, by the version named."""
        command = encode(self._source, aggregate, type_, entity_id, data, extras, schema_version)
        for left in reversed(range(attempts)):
            try:
                reply = await self._transport.ask(command, timeout)
            except TimeoutError as error:
                if not left:
                    raise NoReply(command.id, timeout, attempts) from error
                continue
            except Exception as error:
                name(error, command.id)
                raise
            if not left or reply.data.status != "busy":
                return reply
            await asyncio.sleep((reply.data.retry_after_ms or 0) / 1000)
        msg = "attempts must be 1 or more"
        raise ValueError(msg)

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
        data, version = said(command), version_of(type(command))
        return await self.publish_raw(
            aggregate, type_, entity_id, data, timeout=timeout, schema_version=version, **extras
        )

    async def publish_raw(  # noqa: PLR0913  # a command has as many parts
        self,
        aggregate: str,
        type_: str,
        entity_id: str,
        data: Any,
        *,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109  # as in send
        schema_version: int = 1,
        **extras: Unpack[Extras],
    ) -> str:
        """As `publish`, for data that nobody has checked."""
        command = encode(self._source, aggregate, type_, entity_id, data, extras, schema_version)
        try:
            await self._transport.publish(command, timeout)
        except TimeoutError as error:
            raise NotConfirmed(command.id, timeout) from error
        except Exception as error:
            name(error, command.id)
            raise
        return command.id

    async def events(
        self, aggregate: str, *, entity_id: str | None = None, after: str | None = None, follow: bool = True
    ) -> AsyncGenerator[FollowedEvent, None]:
        """The events of an aggregate such as `ship`, or of one entity, from the first one on or behind a token.

        It goes on for ever, waiting for what is still to come; `follow=False` ends it where the events ended when it
        began. The events of an entity come in the order of their versions, without gaps; those of different entities
        of one partition in the order of the log; between partitions there is no order. Only what is committed comes,
        of an entity's partition alone where one is named. Events of types that this release does not know are passed
        over. Keep the `token` of the last event that you are done with, and you get each later one once; partitions
        that were added meanwhile are read from their beginning. No token outlives its log: see contracts/README.md.
        Raises BadToken, EventsGone where what is behind the token was removed, UnreadableEvent, TopicsMissing,
        Unreachable, LookupError for an unknown aggregate, and ValueError for an id that none of its entities has.
        """
        followed = Followed(self._transport.prefix, aggregate, entity_id)
        require_entity(followed)
        reader = EventReader(followed)
        stood = read_token(after, followed) if after is not None else {}
        async with self._transport.read(aggregate, entity_id, stood, follow=follow) as reading:
            offsets = {**stood, **reading.begins}
            async for record in reading.records:
                offsets[record.partition] = record.offset + 1
                event = reader.read(record, offsets)
                if event is not None:
                    yield event

    async def latest(self, aggregate: str, *, entity_id: str | None = None) -> str:
        """The token behind all events that there are now: with it `events` has only what happens later.

        Raises TopicsMissing, Unreachable, and of an entity what `events` raises.
        """
        followed = Followed(self._transport.prefix, aggregate, entity_id)
        require_entity(followed)
        return write_token(followed, await self._transport.ends(aggregate, entity_id))
