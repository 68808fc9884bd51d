"""Topics of their own whose contents are written by hand, honest or damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from service.audit.records import KINDS, PartitionLogs, Record
from tests.checker.handmade import written
from tests.workload import generate, publish

PARTITIONS = 2
_OUTPUT = [kind for kind in KINDS if kind != "commands"]
_AS_SERVED = {
    "commands": {
        "message.timestamp.type": "LogAppendTime",
        "compression.type": "uncompressed",
        "max.message.bytes": str(256 * 1024),
        "retention.ms": str(7 * 24 * 3600 * 1000),
    },
    "events": {"retention.ms": "-1", "retention.bytes": "-1"},
    "replies": {"retention.ms": str(7 * 24 * 3600 * 1000)},
    "snapshots": {"cleanup.policy": "compact"},
    "dead-letters": {"retention.ms": str(30 * 24 * 3600 * 1000)},
}


def honest(bootstrap_servers: str, damage: Callable[[PartitionLogs], object] = lambda _: None) -> str:
    """A workload and, in one transaction for each partition, what has to follow from it, damaged before it is written.

    Returns the prefix of the topics.
    """
    prefix = f"checker-{uuid4().hex[:8]}."
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    topics = [NewTopic(f"{prefix}ship.{kind}", PARTITIONS, 1, config=_AS_SERVED[kind]) for kind in KINDS]
    for future in admin.create_topics(topics).values():
        future.result(30)
    messages = generate(400, ships=5, users=5, seed=1, prefix=prefix)
    publish(bootstrap_servers, [message for message in messages if message.topic.endswith("ship.commands")])
    for partition in range(PARTITIONS):
        logs = written(commands_on(bootstrap_servers, partition, prefix))
        damage(logs)
        with transaction(bootstrap_servers) as producer:
            for kind in _OUTPUT:
                for record in logs.records[kind]:
                    headers: Any = list(record.headers)
                    producer.produce(logs.topic(kind), record.value, record.key, partition, headers=headers)
    return prefix


def commands_on(bootstrap_servers: str, partition: int, prefix: str) -> PartitionLogs:
    """What was asked of a partition."""
    logs = PartitionLogs("ship", partition, PARTITIONS, prefix)
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "unused", "enable.auto.commit": False})
    at = TopicPartition(logs.topic("commands"), partition, 0)
    _, end = consumer.get_watermark_offsets(at, timeout=10)
    consumer.assign([at])
    while len(logs.records["commands"]) < end:
        for message in consumer.consume(1_000, timeout=1):
            assert message.error() is None
            headers: Any = tuple(message.headers() or ())
            record: Any = Record(message.offset() or 0, message.key(), message.value(), message.timestamp()[1], headers)
            logs.records["commands"].append(record)
    consumer.close()
    return logs


@contextmanager
def transaction(bootstrap_servers: str, *, commit: bool = True) -> Iterator[Producer]:
    """A producer in a transaction of its own, whose end readers see after the block."""
    about: Any = {"bootstrap.servers": bootstrap_servers, "transactional.id": uuid4().hex}
    producer = Producer(about)
    producer.init_transactions(30)
    producer.begin_transaction()
    try:
        yield producer
    finally:
        producer.flush(30)
        if commit:
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)
        # The end is acknowledged before the partitions have it; another one may begin only when they do.
        Producer(about).init_transactions(30)
