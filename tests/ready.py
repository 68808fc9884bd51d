"""A new broker answers before it has its coordinators: they are asked for once, so that no test is the first to."""

from __future__ import annotations

from time import monotonic, sleep

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

_SECONDS = 60.0
_NAME = "fairlead.tests"
# The coordinator was found, and is not yet one.
_SOON = {KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE}


def until_ready(bootstrap_servers: str) -> None:
    """Return once it takes transactions and knows groups; it makes a topic for either at the first question."""
    common = {"bootstrap.servers": bootstrap_servers, "log_level": 0}
    Producer(common | {"transactional.id": _NAME}).init_transactions(_SECONDS)
    consumer = Consumer(common | {"group.id": _NAME})
    deadline = monotonic() + _SECONDS
    try:
        while not _knows_groups(consumer, last=monotonic() > deadline):
            sleep(0.1)
    finally:
        consumer.close()


def _knows_groups(consumer: Consumer, *, last: bool) -> bool:
    try:
        consumer.committed([TopicPartition(_NAME, 0)], timeout=_SECONDS)
    except KafkaException as error:
        if last or error.args[0].code() not in _SOON:
            raise
        return False
    return True
