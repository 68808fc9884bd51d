"""What aiokafka's group coordinator keeps to itself, and an owner has to know or to ask of it."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer


class Coordination:
    """The standing of a started consumer in its group."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._coordinator = consumer._coordinator  # noqa: SLF001  # aiokafka has no public way to it
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

    def leave_on_stop(self) -> None:
        """Tell the group, where aiokafka would let a static member's session run out while its work waits."""
        self._coordinator._group_instance_id = None  # noqa: SLF001  # only asked when it decides whether to leave
