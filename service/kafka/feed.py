"""A member of a projection's consumer group: the group says which partitions to read, the store says from where."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from service.kafka.follower import Follower
from service.kafka.topics import Topics
from service.projections.projection import Projection
from service.projections.store import Store

_LAG_SECONDS = 5.0
_STOP_SECONDS = 5.0

# However long the store is away: the group need not take the partition back, since offsets are compared and set.
_MAX_POLL_MS = 2**31 - 1


class ProjectionFeed(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka's base class has no types
    """Brings a store up to its topics, and keeps it there."""

    def __init__(  # noqa: PLR0913  # what is read, by what, into what, and as whom
        self,
        connection: Mapping[str, Any],
        prefix: str,
        projection: Projection,
        store: Store,
        *,
        instance_id: str | None,
        session_timeout_ms: int,
    ) -> None:
        self._projection = projection
        self._store = store
        self._sources = {Topics(one.aggregate, prefix).name(one.kind): one for one in projection.sources}
        self._followers: dict[TopicPartition, Follower] = {}
        self._assigned = asyncio.Event()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._consumer = AIOKafkaConsumer(
            **connection,
            group_id=f"{prefix}fairlead.projection.{projection.name}.v{projection.version}",
            group_instance_id=instance_id,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=min(3_000, session_timeout_ms // 3),
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=_MAX_POLL_MS,
            max_partition_fetch_bytes=4 << 20,
            fetch_max_wait_ms=500,
            retry_backoff_ms=20,
        )

    async def run(self) -> None:
        """Read until cancelled, then leave within seconds.

        Raises NotProjected, LogDiffers, LookupError where topics are missing, and what the store raises for good.
        """
        lag = asyncio.create_task(self._publish_lag(), name=f"lag of {self._projection.name}")
        try:
            await self._consumer.start()
            await self._check_topics()
            self._consumer.subscribe(list(self._sources), listener=self)
            await self._failed
        finally:
            lag.cancel()
            await self._release(self._followers.keys())
            with suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(self._consumer.stop(), _STOP_SECONDS)

    async def ready(self) -> None:
        """Return once the group has assigned partitions, which may be none."""
        await self._assigned.wait()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Pause first, and return at once: no heartbeat runs in here, and getmany would already hand out records."""
        self._consumer.pause(*assigned)
        for tp in assigned:
            source = self._sources[tp.topic]
            self._followers[tp] = Follower(self._consumer, tp, source, self._projection, self._store, self._fail)
        self._assigned.set()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Let go at once; a batch that still gets through is caught by its offset."""
        await self._release(revoked)

    async def _check_topics(self) -> None:
        if missing := sorted(self._sources.keys() - await self._consumer.topics()):
            raise LookupError(f"{', '.join(missing)}: missing; `fairlead topics apply` creates them")

    async def _release(self, tps: Collection[TopicPartition]) -> None:
        followers = [self._followers.pop(tp) for tp in list(tps) if tp in self._followers]
        await asyncio.gather(*(follower.stop(_STOP_SECONDS) for follower in followers))

    def _fail(self, error: BaseException) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)

    async def _publish_lag(self) -> None:
        """Commit group offsets now and then: nothing reads them but the tools that show lag."""
        while True:
            await asyncio.sleep(_LAG_SECONDS)
            offsets = {tp: follower.reached for tp, follower in self._followers.items() if follower.reached}
            if offsets:
                with suppress(KafkaError, IllegalStateError):
                    await self._consumer.commit(offsets)
