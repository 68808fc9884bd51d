"""One transactional producer for one partition: who starts it fences everyone who had it before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    CorruptRecordException,
    InvalidTimestampError,
    InvalidTxnState,
    KafkaConnectionError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    RequestTimedOutError,
)
from aiokafka.producer import sender

from service.commands.ports import Draft
from service.kafka.batches import batches
from service.kafka.stopping import stop_within

# The wait between two transactions of a producer is fixed in aiokafka at 20 ms and rules the latency:
# measured 26 ms a transaction with it, 7 to 8 ms with 2 ms.
sender.BACKOFF_OVERRIDE = 0.002

_BATCH_BYTES = 512 * 1024
_START_SECONDS = 30.0
_STOP_SECONDS = 1.0
_TRANSPORT_ERRORS = (KafkaConnectionError, RequestTimedOutError, OSError, asyncio.TimeoutError)
# What a broker says of records that it will not take however often they are sent.
_REFUSALS = (
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    InvalidTimestampError,
    CorruptRecordException,
    PolicyViolationError,
)


class Tainted(Exception):
    """A transactional request met a transport error: a late copy of it could still arrive at the broker.

    aiokafka sends the same epoch with every transaction (KAFKA-17754), so only a new epoch makes it harmless.
    """


class Refused(Exception):
    """The broker does not take some record of this transaction, and would not if it came again."""


class PartitionProducer:
    """Writes transactions for one partition; after any exception it must be stopped and another one started."""

    def __init__(
        self,
        connection: Mapping[str, Any],
        transactional_id: str,
        partition: int,
        *,
        timeout_ms: int,
        commit_timeout: float,
    ) -> None:
        self._partition = partition
        self._commit_timeout = commit_timeout
        self._tainted = False
        self._producer = AIOKafkaProducer(
            **connection,
            transactional_id=transactional_id,
            transaction_timeout_ms=timeout_ms,
            acks="all",
            linger_ms=0,
            max_batch_size=_BATCH_BYTES,
            retry_backoff_ms=5,
        )

    async def start(self) -> None:
        """Fence every earlier holder of the id; its open transaction is settled on return. Raises TimeoutError."""
        async with asyncio.timeout(_START_SECONDS):
            await self._producer.start()
        self._watch_transport()

    def _watch_transport(self) -> None:
        # aiokafka repeats failed requests silently; this is the one place where the failure can be seen.
        client = self._producer.client
        send = client.send

        async def watched(*args: Any, **kwargs: Any) -> Any:
            try:
                return await send(*args, **kwargs)
            except _TRANSPORT_ERRORS:
                self._tainted = True
                raise

        client.send = watched

    async def write(self, topics: Sequence[tuple[str, Sequence[Draft]]]) -> dict[str, int]:
        """Publish all of this in one transaction, or raise and publish nothing that a reader will see.

        Returns the offset of the last record of each topic that something was written to.

        Raises Tainted where an earlier request may still be under way, Refused, KafkaError, TimeoutError, and
        AssertionError, by which aiokafka says that this producer has come to its end.
        """
        if self._tainted:
            raise Tainted
        async with asyncio.timeout(self._commit_timeout):
            await self._producer.begin_transaction()
            sent: list[tuple[str, int, asyncio.Future[Any]]] = []
            for topic, drafts in topics:
                await self._send(topic, drafts, sent)
            # A refused batch does not stop aiokafka's commit: without this, half of it would be published.
            ended = await asyncio.gather(*(future for _, _, future in sent), return_exceptions=True)
            if faults := [fault for fault in ended if isinstance(fault, BaseException)]:
                # One that a broker objects to makes aiokafka fail all others with an error that says nothing of it.
                fault = next((one for one in faults if not isinstance(one, InvalidTxnState)), faults[0])
                raise Refused(type(fault).__name__) if isinstance(fault, _REFUSALS) else fault
            await self._producer.commit_transaction()
        return {topic: future.result().offset + count - 1 for topic, count, future in sent}

    async def _send(
        self, topic: str, drafts: Sequence[Draft], sent: list[tuple[str, int, asyncio.Future[Any]]]
    ) -> None:
        for batch in batches(self._producer.create_batch, drafts):
            future = await self._producer.send_batch(batch, topic, partition=self._partition)
            sent.append((topic, batch.record_count(), future))

    async def stop(self) -> None:
        """Let go within a bound: aiokafka's own stop flushes, and can wait for a leader that is gone."""
        await stop_within(self._producer, _STOP_SECONDS)
        # aiokafka tells a fence a second time, to nobody: unheard, it is logged as an error whenever memory is cleared.
        told = self._producer._txn_manager._transaction_waiter  # noqa: SLF001  # there is no other way to it
        if told is not None and told.done() and not told.cancelled():
            told.exception()
