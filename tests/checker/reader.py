"""Reads whole topics with another client than the service's, as a subscriber would: read_committed, from the start."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from service.audit.records import KINDS, PartitionLogs, Record

_BATCH = 10_000
_SECONDS = 10.0
# Compaction and retention take from these what the rest can be checked without.
_SHORTENED = ("snapshots", "dead-letters")


class Unreadable(Exception):
    """The logs could not be read to their ends; the message says which and why."""


def read_logs(
    bootstrap_servers: str, aggregates: Iterable[str], *, prefix: str, deadline: float
) -> list[PartitionLogs]:
    """Every partition of these aggregates up to the high watermarks found now; raises Unreadable."""
    marks = _consumer(bootstrap_servers, "read_uncommitted")
    try:
        found = [logs for name in aggregates for logs in _partitions(marks, name, prefix)]
        for logs in found:
            for kind in KINDS:
                at = TopicPartition(logs.topic(kind), logs.partition)
                # A read_committed consumer would be told the last stable offset, which hides an open transaction.
                low, high = marks.get_watermark_offsets(at, timeout=_SECONDS)
                logs.starts[kind], logs.ends[kind] = low, high
                if low and kind not in _SHORTENED:
                    raise Unreadable(f"{logs.place(kind)} begins at {low}: what was before it is gone")
    finally:
        marks.close()
    _fill(bootstrap_servers, found, deadline)
    return found


def _partitions(consumer: Consumer, aggregate: str, prefix: str) -> list[PartitionLogs]:
    topic = f"{prefix}{aggregate}.commands"
    metadata = consumer.list_topics(topic, timeout=_SECONDS).topics[topic]
    if metadata.error is not None:
        raise Unreadable(f"{topic}: {metadata.error}")
    count = len(metadata.partitions)
    return [PartitionLogs(aggregate, number, count, prefix) for number in range(count)]


def _fill(bootstrap_servers: str, found: list[PartitionLogs], deadline: float) -> None:
    waiting = {(logs.topic(kind), logs.partition): (logs, kind) for logs in found for kind in KINDS if logs.ends[kind]}
    targets = dict(waiting)
    reader = _consumer(bootstrap_servers, "read_committed")
    try:
        reader.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for topic, partition in waiting])
        while waiting:
            for message in reader.consume(_BATCH, timeout=0.5):
                place = (message.topic() or "", message.partition() or 0)
                logs, kind = targets[place]
                error = message.error()
                if error is None:
                    _keep(logs, kind, message)
                elif error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  # its only name
                    raise KafkaException(error)
                elif (message.offset() or 0) >= logs.ends[kind]:
                    waiting.pop(place, None)
            if waiting and time.monotonic() > deadline:
                names = ", ".join(f"{topic}[{partition}]" for topic, partition in sorted(waiting))
                raise Unreadable(f"not read to the end in time, perhaps behind an open transaction: {names}")
    finally:
        reader.close()


def _keep(logs: PartitionLogs, kind: str, message: Message) -> None:
    offset = message.offset() or 0
    if offset >= logs.ends[kind]:
        return
    of_kind, timestamp = message.timestamp()
    received: Any = message.headers() or ()  # typed as several things, always pairs
    headers = tuple((name, _bytes(value)) for name, value in received)
    time_ms = 0 if of_kind == TIMESTAMP_NOT_AVAILABLE else timestamp
    logs.records[kind].append(Record(offset, _bytes(message.key()), _bytes(message.value()), time_ms, headers))


def _bytes(value: object) -> bytes | None:
    if value is None:
        return None
    return value.encode() if isinstance(value, str) else bytes(value)  # type: ignore[call-overload]  # bytes, as no deserializer is set


def _consumer(bootstrap_servers: str, isolation: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "fairlead.checker",  # asked for, and never joined
            "isolation.level": isolation,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 20,
        }
    )
