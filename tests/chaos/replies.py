"""The replies as they come, so that a kill can be timed by the work and not by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from tests.running import PARTITIONS

SECONDS = 60.0


@contextmanager
def replies(bootstrap_servers: str, prefix: str = "") -> Iterator[Consumer]:
    """A consumer of all replies from the first one on."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "not-used",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    try:
        # Assigned, not subscribed: a group would wait for the member that was killed.
        consumer.assign(
            [
                TopicPartition(topic, partition, OFFSET_BEGINNING)
                for topic in (f"{prefix}ship.replies", f"{prefix}user.replies")
                for partition in range(PARTITIONS)
            ]
        )
        yield consumer
    finally:
        consumer.close()


def count_until(consumer: Consumer, wanted: int) -> int:
    """Read until so many replies have come; how many came."""
    seen = 0
    while seen < wanted:
        message = consumer.poll(SECONDS)
        if message is None:
            raise AssertionError(f"only {seen} of {wanted} replies came")
        seen += message.error() is None
    return seen


def written(consumer: Consumer) -> int:
    """How many records, markers of transactions among them, all replies are by now."""
    return sum(consumer.get_watermark_offsets(each, timeout=SECONDS)[1] for each in consumer.assignment())
