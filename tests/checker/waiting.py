"""Waits till the service says that it has handled every command; whether that is true is then checked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from service.audit.checkpoint import KEY

_SECONDS = 10.0
# Behind the last command there may be markers of transactions; this many are looked through.
_TAIL = 100


def wait_until_handled(bootstrap_servers: str, aggregates: Iterable[str], *, prefix: str, deadline: float) -> bool:
    """Return once every checkpoint has reached the end of its commands, or at the deadline; says whether they have."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "fairlead.checker",  # asked for, and never joined
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 20,
        }
    )
    try:
        waiting: dict[tuple[str, int], int] = {}
        for aggregate in aggregates:
            for partition, end in _ends(consumer, f"{prefix}{aggregate}.commands", deadline).items():
                waiting[f"{prefix}{aggregate}.snapshots", partition] = end
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for topic, partition in waiting])
        while waiting and time.monotonic() < deadline:
            for message in consumer.consume(10_000, timeout=0.2):
                place = (message.topic() or "", message.partition() or 0)
                value = message.value()
                if message.error() is None and message.key() == KEY and value:
                    next_offset = json.loads(value).get("next_offset", 0)
                    if next_offset >= waiting.get(place, next_offset + 1):
                        del waiting[place]
        return not waiting
    finally:
        consumer.close()


def _ends(consumer: Consumer, topic: str, deadline: float) -> dict[int, int]:
    """By partition the offset after the last command, where there is one."""
    ends: dict[int, int] = {}
    starts = []
    for partition in consumer.list_topics(topic, timeout=_SECONDS).topics[topic].partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=_SECONDS)
        if high > low:
            start = max(low, high - _TAIL)
            starts.append(TopicPartition(topic, partition, start))
            ends[partition] = high if start > low else 0
    consumer.assign(starts)
    unread = {at.partition for at in starts}
    while unread and time.monotonic() < deadline:
        for message in consumer.consume(10_000, timeout=0.2):
            partition, error = message.partition() or 0, message.error()
            if error is None:
                ends[partition] = (message.offset() or 0) + 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # its only name
                unread.discard(partition)
    return {partition: end for partition, end in ends.items() if end}
