"""How long a reader waits for new replies once the broker answers again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import ceil

from confluent_kafka import Consumer, TopicPartition

from tests.ends import end_of
from tests.running import PARTITIONS

_SECONDS = 60.0


def seconds_to_new_replies(bootstrap_servers: str, prefix: str, since: float) -> list[float]:
    """From a moment of the monotonic clock to the first new reply of each partition, the soonest first."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "not-used",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 20,
        }
    )
    try:
        waiting = set()
        for aggregate in ("ship", "user"):
            for partition in range(PARTITIONS):
                # What was written before the outage is not new, however late it becomes readable.
                topic = f"{prefix}{aggregate}.replies"
                waiting.add((topic, partition, end_of(consumer, topic, partition)))
        consumer.assign([TopicPartition(*place) for place in waiting])
        left, seconds = {place[:2] for place in waiting}, []
        while left and time.monotonic() < since + _SECONDS:
            message = consumer.poll(0.2)
            if message is not None and message.error() is None:
                place = (message.topic() or "", message.partition() or 0)
                if place in left:
                    left.remove(place)
                    seconds.append(time.monotonic() - since)
        assert left == set(), f"no new replies within {_SECONDS:.0f} s on {sorted(left)}"
        return seconds
    finally:
        consumer.close()


def percentile(figures: Sequence[float], share: float) -> float:
    """The smallest figure that so large a share does not exceed."""
    return sorted(figures)[max(0, ceil(share * len(figures)) - 1)]
