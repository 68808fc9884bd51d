"""The bound of projections: a loop that reads events and copies them into a table, and could not be started again.

Says how many it has copied, a line each time.

No group, no fence, no offset kept, nothing parked, no signal to readers, and commits that nobody waits for; the table
is the journal's, with its primary key and all its indexes. Run as a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.bench.plain import plain_consumer, run_lean

_COLUMNS = ["aggregate", "entity_id", "version", "event_id", "type", "time", "causation_id", "correlation_id", "data"]


async def _run(given: argparse.Namespace) -> None:
    consumer = plain_consumer(given.bootstrap_servers)
    await consumer.start()
    try:
        topics = dict(topic.split("=") for topic in given.topics)
        tps = [TopicPartition(topic, partition) for topic in topics for partition in range(given.partitions)]
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps)
        await asyncio.gather(*(_copy(given, consumer, tp, topics[tp.topic], ends[tp]) for tp in tps))
    finally:
        await consumer.stop()


async def _copy(
    given: argparse.Namespace, consumer: AIOKafkaConsumer, tp: TopicPartition, aggregate: str, end: int
) -> None:
    """A partition, each time as much as has come."""
    connection = await asyncpg.connect(given.database_url, server_settings={"synchronous_commit": "off"})
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=lambda value: b"\x01" + value, decoder=bytes
    )
    try:
        while await consumer.position(tp) < end:
            records = (await consumer.getmany(tp, timeout_ms=200)).get(tp, [])
            if records:
                await connection.copy_records_to_table(
                    "journal", schema_name=given.schema, columns=_COLUMNS, records=_rows(aggregate, records)
                )
                sys.stdout.write(f"{len(records)}\n")
                sys.stdout.flush()
    finally:
        await connection.close()


def _rows(aggregate: str, records: Sequence[Any]) -> list[tuple[Any, ...]]:
    events = [orjson.loads(record.value) for record in records]
    return [
        (
            aggregate,
            event["subject"],
            event["entityversion"],
            event["id"],
            event["type"],
            datetime.fromisoformat(event["time"]),
            event["causationid"],
            event.get("correlationid"),
            orjson.dumps(event["data"]),
        )
        for event in events
    ]


def main() -> None:
    """Copy all events that there are, and end."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.copy_events", description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--schema", required=True)
    parser.add_argument("--partitions", type=int, required=True)
    parser.add_argument("topics", nargs="+", metavar="TOPIC=AGGREGATE")
    given = parser.parse_args()
    run_lean(_run(given))


if __name__ == "__main__":
    main()
