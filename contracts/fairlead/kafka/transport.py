"""The client's messages on Kafka: one way to publish, and a reader of replies for each aggregate."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from fairlead.envelope import Reply
from fairlead.failures import CLOSED, NOT_ENTERED
from fairlead.kafka.consumers import starting, stop
from fairlead.kafka.deadlines import Deadlines
from fairlead.kafka.followers import Followers
from fairlead.kafka.following import EventLog
from fairlead.kafka.lanes import Lanes
from fairlead.kafka.producers import Producers
from fairlead.kafka.replies import ReplyReader
from fairlead.outgoing import Outgoing
from fairlead.transport import Offsets, Reading

# A producer that stops waits for brokers; all that was published is acknowledged by then, so this loses nothing.
_STOP_SECONDS = 5.0
_CUT_OFF_SECONDS = 1.0


class KafkaTransport:
    """`connection` goes to aiokafka; `prefix` goes before the topics' names."""

    def __init__(self, connection: Mapping[str, Any], prefix: str) -> None:
        self._connection = connection
        self.prefix = prefix
        self._readers: dict[str, ReplyReader] = {}
        self._lanes: dict[str, Lanes] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._producers = Producers(connection)
        self._followers = Followers()
        self._deadlines = Deadlines()
        # Why nothing can be asked of it.
        self._refusal: str | None = NOT_ENTERED

    async def open(self) -> None:
        """As in Transport."""
        if self._refusal == CLOSED:
            raise ConnectionError(CLOSED)
        # Nobody needs this one: whoever begins learns whether a broker answers, without any right to write.
        async with starting(self._connection) as consumer:
            pass
        await stop(consumer)
        self._loop, self._refusal = asyncio.get_running_loop(), None

    async def close(self) -> None:
        """As in Transport."""
        # From here on nobody adds a reader or lanes that would outlive the client, and who is about to is cut short.
        self._refusal, followers = CLOSED, self._followers.close()
        await asyncio.gather(*(lanes.close() for lanes in self._lanes.values()))
        readers = (reader.stop() for reader in self._readers.values())
        # Without a broker aiokafka's own tasks end by being cancelled, which is not a cancellation of ours.
        stopping = asyncio.gather(followers, self._producers.stop(), *readers, return_exceptions=True)
        if not (await asyncio.wait([stopping], timeout=_STOP_SECONDS))[0]:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CUT_OFF_SECONDS):
                    await self._producers.cut_off()
                    await stopping

    async def publish(self, command: Outgoing, timeout: float) -> None:  # noqa: ASYNC109  # as in Transport
        """As in Transport."""
        async with asyncio.timeout(timeout):
            lanes = await self._lanes_of(command.aggregate)
            self._require_open()
            confirmed = self._loop.create_future()
            lanes.put(command, confirmed, confirm=True)
            await confirmed

    async def ask(self, command: Outgoing, timeout: float) -> Reply:  # noqa: ASYNC109  # as in Transport
        """As in Transport."""
        self._require_open()
        deadline = self._loop.time() + timeout
        reader = self._readers.get(command.aggregate)
        if reader is None or reader.broken:
            async with asyncio.timeout_at(deadline):
                reader = await self._reader(command.aggregate)
        self._require_open()
        waiter = reader.expect(command.id, command.entity_id)
        try:
            due = self._deadlines.add(waiter.reply, deadline)
            try:
                self._lanes[command.aggregate].put(command, waiter.reply)
                return Reply.model_validate_json(await waiter.reply)
            finally:
                due.discard(waiter.reply)
        finally:
            reader.forget(waiter)

    def read(
        self, aggregate: str, entity_id: str | None, after: Offsets, *, follow: bool
    ) -> AbstractAsyncContextManager[Reading]:
        """As in Transport."""
        return self._log(aggregate, entity_id).read(after, follow=follow)

    async def ends(self, aggregate: str, entity_id: str | None) -> Offsets:
        """As in Transport."""
        return await self._log(aggregate, entity_id).ends()

    def _log(self, aggregate: str, entity_id: str | None) -> EventLog:
        self._require_open()
        topic = f"{self.prefix}{aggregate}.events"
        return EventLog(self._connection, self._followers, topic, entity_id)

    def _require_open(self) -> None:
        if self._refusal is not None:
            raise ConnectionError(self._refusal)

    async def _lanes_of(self, aggregate: str) -> Lanes:
        self._require_open()
        # Behind who opens a reader too: what was asked before is published before.
        if aggregate in self._lanes and not self._opening[aggregate].locked():
            return self._lanes[aggregate]
        # Whoever closes the client waits for what is half open.
        return await self._followers.unless_closed(self._open_lanes(aggregate))

    async def _reader(self, aggregate: str) -> ReplyReader:
        self._require_open()
        reader = self._readers.get(aggregate)
        if reader is None or reader.broken:
            return await self._followers.unless_closed(self._open_reader(aggregate))
        return reader

    async def _open_lanes(self, aggregate: str) -> Lanes:
        async with self._opening.setdefault(aggregate, asyncio.Lock()):
            return await self._there(aggregate)

    async def _open_reader(self, aggregate: str) -> ReplyReader:
        async with self._opening.setdefault(aggregate, asyncio.Lock()):
            await self._there(aggregate)
            reader = self._readers.get(aggregate)
            if reader is None or reader.broken:
                if reader is not None:
                    await reader.stop()
                reader = await ReplyReader.start(self._connection, f"{self.prefix}{aggregate}.replies")
                if self._refusal is not None:
                    await reader.stop()
                self._require_open()
                self._readers[aggregate] = reader
            return reader

    async def _there(self, aggregate: str) -> Lanes:
        if aggregate not in self._lanes:
            topic = f"{self.prefix}{aggregate}.commands"
            partitions = await self._producers.partitions_for(topic)
            self._require_open()
            self._lanes[aggregate] = Lanes(self._producers, topic, partitions)
        return self._lanes[aggregate]
