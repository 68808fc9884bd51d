"""What aiokafka's group coordinator keeps to itself, and an owner has to know or to ask of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.protocol.group import LeaveGroupRequest


class Coordination:
    """The standing of a started consumer in its group."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._coordinator = consumer._coordinator  # noqa: SLF001  # aiokafka has no public way to it
        self._subscription = consumer._subscription  # noqa: SLF001  # as above
        self._beaten = asyncio.Event()
        beat = self._coordinator._do_heartbeat  # noqa: SLF001  # as above

        async def watched() -> Any:
            good = await beat()
            if good:
                self._beaten.set()
                self._beaten = asyncio.Event()
            return good

        self._coordinator._do_heartbeat = watched  # noqa: SLF001  # as above

    @property
    def generation(self) -> int:
        """The generation of the group that this member belongs to."""
        return int(self._coordinator.generation)

    def check(self) -> None:
        """Raise what went wrong in the background: aiokafka tells only who polls, and idle members do not."""
        self._coordinator.check_errors()

    async def heartbeat(self) -> None:
        """Return after the next heartbeat that the group answered well."""
        await self._beaten.wait()

    def leave(self) -> None:
        """Have the next stop tell the group, where aiokafka would let the session run out while the work waits."""
        # As a static member: only asked when it decides whether to leave.
        self._coordinator._group_instance_id = None  # noqa: SLF001  # as above
        # In a rebalance: what a stop sends would wait behind the request to join, and that for the slowest of all.
        if self._subscription.reassignment_in_progress and self._coordinator.coordinator_id is not None:
            self._leaving = asyncio.create_task(self._leave())

    async def _leave(self) -> None:
        coordinator = self._coordinator
        request = LeaveGroupRequest(coordinator.group_id, coordinator.member_id)
        with suppress(KafkaError):
            await coordinator._client.send(coordinator.coordinator_id, request)  # noqa: SLF001  # on another connection
