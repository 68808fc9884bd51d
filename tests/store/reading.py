"""What follows a partition's logs, on logs without a broker: as aiokafka, a buffer of each at a time."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import TopicPartition

from service.kafka import pursuit
from service.kafka.acquire import Acquired
from service.kafka.pursuit import Pursuit
from tests.domain.partition import Stored
from tests.store.logs import Logs
from tests.store.owning import Owning

_BUFFER_BYTES = 20_000
# Times that nothing came, after which nothing will.
_IDLE = 3


class AllRead(Exception):
    """There is nothing more."""


class Reader:
    """Asks for more once nothing of what was asked for lies ready any more; what does is handed out in turn.

    Of the topic `hidden` it sees nothing, as behind an open transaction.
    """

    def __init__(self, logs: Logs, hidden: str) -> None:
        self._logs = logs
        self._hidden = hidden
        self._at: dict[TopicPartition, int] = {}
        self._buffers: dict[TopicPartition, list[Stored]] = {}
        self._idle = 0

    def assign(self, tps: Iterable[TopicPartition]) -> None:
        """Read these."""
        self._at = dict.fromkeys(tps, 0)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Go on from there."""
        self._at[tp] = offset

    def highwater(self, tp: TopicPartition) -> int:
        """Where it ends."""
        return self._logs.ends[tp.topic]

    async def position(self, tp: TopicPartition) -> int:
        """What would be handed out next."""
        return self._at[tp]

    async def end_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The high watermarks."""
        return await self._logs.end_offsets(tps)

    async def getmany(
        self, *wanted: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[Stored]]:
        """So many of these logs; raises AllRead."""
        assert timeout_ms
        await asyncio.sleep(0)
        if not self._buffers.keys() & set(wanted):
            self._fetch()
        found = {}
        for tp in [tp for tp in self._buffers if tp in wanted]:
            if there := self._buffers[tp][:max_records]:
                found[tp], left = there, self._buffers.pop(tp)[max_records:]
                max_records -= len(there)
                self._at[tp] = there[-1].offset + 1
                if left:
                    self._buffers[tp] = left
        self._idle = 0 if found else self._idle + 1
        if self._idle > _IDLE:
            raise AllRead
        return found

    def _fetch(self) -> None:
        # Not those that lie ready.
        for tp in [tp for tp in self._at if tp not in self._buffers and tp.topic != self._hidden]:
            kept, size = self._logs.kept[tp.topic], 0
            buffer = self._buffers.setdefault(tp, [])
            for record in kept[bisect_left(kept, self._at[tp], key=lambda one: one.offset) :]:
                if size < _BUFFER_BYTES:
                    buffer.append(record)
                    size += len(record.value or b"")
            if not buffer:
                del self._buffers[tp]
                self._at[tp] = self._logs.ends[tp.topic]


async def follow(monkeypatch: pytest.MonkeyPatch, owning: Owning, acquired: Acquired, hidden: str = "") -> int:
    """Stand by until all is read that is not `hidden`; returns how many changes there were at most in memory."""

    @asynccontextmanager
    async def open_reader(connection: Mapping[str, Any], _: str) -> AsyncIterator[Reader]:
        yield Reader(connection["logs"], hidden)

    most = 0

    def tell(_: str | None) -> None:
        nonlocal most
        most = max(most, acquired.local.unflushed)

    with monkeypatch.context() as patched:
        patched.setattr(pursuit, "open_reader", open_reader)
        with pytest.raises(AllRead):
            await Pursuit(owning.terms, acquired.logs, acquired.local, tell).run()
    return most
