"""Where a partition ends, asked of a broker that may have started, or made the topic, only just now."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

_SECONDS = 60.0
_AGAIN_SECONDS = 0.05
# It answers a little before it leads its partitions, and knows a topic a little after it was told to make it.
_NOT_YET = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001  # its only name
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001  # its only name
    }
)


def end_of(consumer: Consumer, topic: str, partition: int) -> int:
    """The high watermark of a partition."""
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=_SECONDS)
        except KafkaException as fault:
            if time.monotonic() > deadline or fault.args[0].code() not in _NOT_YET:
                raise
            consumer.list_topics(topic, timeout=_SECONDS)
            time.sleep(_AGAIN_SECONDS)  # nothing tells when it is ready but asking
        else:
            return int(end)
