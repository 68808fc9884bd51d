"""Where the service goes past aiokafka's Python, it reads and writes what that would."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from service.commands.ports import Draft
from service.kafka.bare import bare
from service.kafka.batches import batches
from service.kafka.topics import Topics
from service.local.servers import Endpoints
from tests.running import apply_topics, settings_for

TP = TopicPartition("ship.commands", 0)
DRAFTS = [
    Draft(b"key", b"value" * 50, [("content-type", b"text"), ("empty", None)], 1_795_000_000_123),
    Draft(None, b"", [], 1_795_000_000_000),
    Draft(b"", None, [], 1_795_000_001_000),
] * 4


def empty(size: int) -> BatchBuilder:
    return BatchBuilder(size, 0, is_transactional=1)


@pytest.mark.parametrize("size", [1, 500, 10_000])
def test_batches_hold_what_aiokafka_would_have_put_into_them(size: int) -> None:
    expected = []
    batch = empty(size)
    for draft in DRAFTS:
        if batch.append(**draft._asdict()) is None:
            expected.append(batch)
            batch = empty(size)
            assert batch.append(**draft._asdict()) is not None
    expected.append(batch)
    written = list(batches(lambda: empty(size), DRAFTS))
    assert [batch.record_count() for batch in expected] == [batch.record_count() for batch in written]
    assert all(batch.closed() for batch in written)
    assert [bytes(batch._build()) for batch in expected] == [bytes(batch._build()) for batch in written]  # noqa: SLF001  # to compare


def test_nothing_to_write_is_no_batch() -> None:
    assert [] == list(batches(lambda: empty(1), []))


class _Marker(_DefaultRecordBatchBuilderPy):  # type: ignore[misc]  # aiokafka's class has no types
    def _get_attributes(self, include_compression_type: bool = True) -> int:  # noqa: FBT001, FBT002  # aiokafka's
        return int(super()._get_attributes(include_compression_type)) | 0x20


def _log() -> bytes:
    """A transaction that commits in the midst of one that is aborted."""
    parts = []
    for offset, producer, marker in [(0, 7, None), (2, 8, None), (4, 7, b"\0\0\0\0"), (5, 8, b"\0\0\0\1")]:
        kind = _DefaultRecordBatchBuilderPy if marker is None else _Marker
        batch = kind(2, 0, 1, producer, 0, 0, 10_000)
        if marker is None:
            for place, draft in enumerate(DRAFTS[:2]):
                batch.append(place, draft.timestamp, draft.key, draft.value, draft.headers)
        else:
            batch.append(0, 1_795_000_000_000, marker, b"\0\0\0\0\0\0", [])
        part = batch.build()
        part[:8] = offset.to_bytes(8)
        parts.append(bytes(part))
    return b"".join(parts)


def _read(key_deserializer: Any, log: bytes) -> tuple[list[Any], int]:
    raw, aborted, check = fetcher.MemoryRecords(log), [(7, 0)], True
    records = fetcher.PartitionRecords(TP, raw, aborted, 0, key_deserializer, None, check, fetcher.READ_COMMITTED)
    return list(records), records.next_fetch_offset


def test_a_bare_record_says_what_aiokafkas_own_says() -> None:
    expected, expected_end = _read(None, _log())
    records, end = _read(bare, _log())
    assert [2, 3] == [record.offset for record in expected]
    assert [_said(record) for record in expected] == [_said(record) for record in records]
    assert expected_end == end
    assert not any(isinstance(record, ConsumerRecord) for record in records)


def _said(record: Any) -> tuple[Any, ...]:
    return record.key, record.value, tuple(record.headers), record.offset, record.timestamp


def test_bare_records_are_checked() -> None:
    log = bytearray(_log())
    log[-1] ^= 1
    with pytest.raises(fetcher.Errors.CorruptRecordException):
        _read(bare, bytes(log))


async def test_a_consumer_that_is_told_so_hands_out_bare_records(servers: Endpoints) -> None:
    settings = settings_for(servers, "seams.")
    await apply_topics(settings)
    tp = TopicPartition(Topics("ship", settings.prefix).commands, 0)
    connection = {"bootstrap_servers": servers.bootstrap_servers}
    async with (
        AIOKafkaProducer(**connection) as producer,
        AIOKafkaConsumer(**connection, key_deserializer=bare, auto_offset_reset="earliest") as consumer,
    ):
        consumer.assign([tp])
        await producer.send_and_wait(tp.topic, b"value", b"key", partition=tp.partition)
        async with asyncio.timeout(30):
            record = await consumer.getone()
    assert (b"key", b"value") == (record.key, record.value)
    assert not isinstance(record, ConsumerRecord)
