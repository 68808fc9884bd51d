"""A place in a consumer group that outlives its client: one that stands still or fails is replaced, and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError

from service.kafka import metrics
from service.kafka.membership import Membership
from service.kafka.watchdog import Stuck
from service.kafka.workers import W
from service.status import Part

log = structlog.get_logger()

_PAUSE_SECONDS = 1.0
# What only a person can change.
_REFUSALS = (GroupAuthorizationFailedError, TopicAuthorizationFailedError)

Start = Callable[[Membership[W], TopicPartition], W]


class GroupMember(Generic[W]):
    """Keeps up a membership; `start` makes the worker of each assigned partition."""

    def __init__(  # noqa: PLR0913  # as Membership
        self,
        connection: Mapping[str, Any],
        group: str,
        topics: Sequence[str],
        start: Start[W],
        *,
        instance_id: str | None,
        session_timeout_ms: int,
        watchdog_s: float,
    ) -> None:
        self._group = group
        self._changed = asyncio.Event()
        self._membership: Membership[W] | None = None
        self._joined = False
        self._restarts = 0
        self._told: str | None = None

        def join() -> Membership[W]:
            return Membership(
                connection,
                group,
                topics,
                start,
                self._tell,
                instance_id=instance_id,
                session_timeout_ms=session_timeout_ms,
                watchdog_s=watchdog_s,
            )

        self._join = join

    async def run(self) -> None:
        """Be a member until cancelled, then drain and leave within seconds.

        Raises LookupError where topics are missing, KafkaError where there is no broker to begin with or where it
        lets us do nothing, and what a worker could not mend.
        """
        while True:
            self._membership = self._join()
            try:
                await self._membership.run()
            except (Stuck, KafkaError) as error:
                self._joined = self._joined or self._membership.assigned
                if isinstance(error, _REFUSALS) or not self._joined:
                    raise
                reason = str(error) if isinstance(error, Stuck) else f"{type(error).__name__}: {error}"
            self._membership = None
            self._restarts += 1
            self._told = f"client restarted {self._restarts} times, lastly since {reason}"
            metrics.RESTARTS.labels(self._group).inc()
            log.warning("client restarted", group=self._group, reason=reason)
            await asyncio.sleep(_PAUSE_SECONDS)

    @property
    def workers(self) -> Sequence[W]:
        """Those of the partitions that are assigned now."""
        return self._membership.workers.all() if self._membership else []

    @property
    def assigned(self) -> bool:
        """Whether the group has said what it assigns, which may be nothing."""
        return bool(self._membership and self._membership.assigned)

    async def change(self) -> None:
        """Return once it or one of its workers stands otherwise."""
        await self._changed.wait()

    async def until(self, settled: Callable[[W], bool]) -> None:
        """Return once the group has assigned partitions, which may be none, and this holds of the worker of each."""
        while not (self.assigned and all(map(settled, self.workers))):
            await self.change()

    def status(self) -> Sequence[Part]:
        """How it stands in its group, and how each of its workers stands."""
        state = "member" if self.assigned else "joining"
        member = Part(self._group, state, ready=self.assigned, reason=self._told)
        return [member, *(worker.part for worker in self.workers)]

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
