"""Waits till the service says that it has handled every command; whether that is true is then checked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from tests.checker.checkpoint import KEY

_SECONDS = 10.0


def wait_until_handled(bootstrap_servers: str, aggregates: Iterable[str], *, prefix: str, deadline: float) -> None:
    """Return once every checkpoint has reached the end of its commands, or at the deadline."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "fairlead.checker",  # asked for, and never joined
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 20,
        }
    )
    try:
        waiting: dict[tuple[str, int], int] = {}
        for aggregate in aggregates:
            topic = f"{prefix}{aggregate}.commands"
            for partition in consumer.list_topics(topic, timeout=_SECONDS).topics[topic].partitions:
                _, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=_SECONDS)
                if end:
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
    finally:
        consumer.close()
