"""A new broker answers before it has its coordinators: they are asked for once, so that no test is the first to."""

from __future__ import annotations

from confluent_kafka import Consumer, Producer, TopicPartition

_SECONDS = 60.0
_NAME = "fairlead.tests"


def until_ready(bootstrap_servers: str) -> None:
    """Return once it takes transactions and knows groups; it makes a topic for either at the first question."""
    common = {"bootstrap.servers": bootstrap_servers, "log_level": 0}
    Producer(common | {"transactional.id": _NAME}).init_transactions(_SECONDS)
    consumer = Consumer(common | {"group.id": _NAME})
    try:
        consumer.committed([TopicPartition(_NAME, 0)], timeout=_SECONDS)
    finally:
        consumer.close()
