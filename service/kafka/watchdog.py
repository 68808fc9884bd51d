"""Finds a client that reads nothing although there is something to read: aiokafka gives no sign of it (#1154)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from service.kafka.log_reader import open_reader

Waiting = Callable[[], Mapping[TopicPartition, int]]


class Stuck(Exception):
    """A client has stood still for too long; the message says where."""


async def watch(connection: Mapping[str, Any], waiting: Waiting, seconds: float) -> None:
    """Raise Stuck once a partition that has stood still for so long is found to offer records twice in a row.

    `waiting()` says at which offsets workers wait for the broker now. Idle partitions wait too: only for those that
    have not moved is the end of the log asked, of a client that is not the suspect; and what it offers may have come
    just now, or the broker may only just be back.
    """
    loop = asyncio.get_running_loop()
    since: dict[TopicPartition, tuple[int, float]] = {}
    offered: dict[TopicPartition, int] = {}
    while True:
        await asyncio.sleep(seconds / 4)
        now = loop.time()
        since = {tp: (at, _begun(since.get(tp), at, now)) for tp, at in waiting().items()}
        suspects = {tp: at for tp, (at, begun) in since.items() if now - begun >= seconds}
        before, offered = offered, {}
        if not suspects:
            continue
        try:
            async with open_reader(connection, "read_committed") as reader:
                ends = await reader.end_offsets(list(suspects))
        except KafkaError:
            # No broker: then it is not the client that stands still.
            continue
        for tp, at in suspects.items():
            if ends[tp] <= at:
                since.pop(tp)
            elif before.get(tp) == at == waiting().get(tp):
                raise Stuck(f"{tp.topic}[{tp.partition}] ends at {ends[tp]}, but nothing came from {at} on")
            else:
                offered[tp] = at


def _begun(known: tuple[int, float] | None, at: int, now: float) -> float:
    return known[1] if known and known[0] == at else now
