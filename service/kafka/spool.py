"""Replies that are needed twice are read once: by the second time retention may have taken them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import islice
from struct import Struct
from typing import Any, NamedTuple

import orjson
from aiokafka import TopicPartition

from service.commands.ports import Headers, Record, Store
from service.commands.replay import remembered_by
from service.kafka.whole import whole

_REPLIES, _REPLIED = "spool.replies", "spool.replied"
_RECORDS = 500
_HEAD = Struct(">qI")


class _Reply(NamedTuple):
    key: bytes
    value: bytes
    headers: Headers
    offset: int
    timestamp: int


class Spool:
    """Has the keys of all outcomes that its replies tell; in the store of their partition, for memory has a bound."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __contains__(self, key: object) -> bool:
        """Whether one tells the outcome of this key."""
        return self._store.get(_REPLIED, str(key)) is not None

    async def add(self, records: Sequence[Record]) -> None:
        """Keep the next replies of the log."""
        puts = []
        for record in records:
            key, value = record.key or b"", record.value or b""
            puts.append((_REPLIES, f"{record.offset:020}", _HEAD.pack(record.timestamp, len(key)) + key + value))
            if outcome := remembered_by(orjson.loads(value)):
                puts.append((_REPLIED, outcome, b""))
        await whole(asyncio.to_thread(self._store.write, puts, []))

    async def read(self, tp: TopicPartition) -> AsyncIterator[tuple[TopicPartition, list[Any]]]:
        """All of them, which are of this log, in their order, some at a time."""
        after = ""
        while found := [*islice(self._store.items(_REPLIES, after), _RECORDS)]:
            yield tp, [_reply(*one) for one in found]
            after = found[-1][0]
            await asyncio.sleep(0)

    def drop(self) -> None:
        """They are needed no more."""
        for space in (_REPLIES, _REPLIED):
            self._store.drop(space)


def _reply(offset: str, raw: bytes) -> _Reply:
    timestamp, length = _HEAD.unpack_from(raw)
    end = _HEAD.size + length
    return _Reply(raw[_HEAD.size : end], raw[end:], (), int(offset), timestamp)
